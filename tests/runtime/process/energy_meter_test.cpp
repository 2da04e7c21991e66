// The energy counters of processors, in files as Linux has them.
#include "runtime/process/energy_meter.hpp"
#include "tests/runtime/process/made_up_system.hpp"
#include "tests/support/catch.hpp"

using namespace syngrad;
using namespace syngrad::test;

namespace {

struct counted_system : made_up_system {
  void zone(const std::string& folder, const std::string& name, const std::string& microjoules) const {
    const auto in = "/sys/class/powercap/" + folder + "/";
    write(in + "name", name + "\n");
    write(in + "max_energy_range_uj", "1000000000\n");
    write(in + "energy_uj", microjoules + "\n");
  }
};

} // namespace

TEST_CASE("the energy of all packages is summed up, beyond the end of their counters, and that within them once") {
  const counted_system system;
  system.zone("intel-rapl:0", "package-0", "999000000");
  system.zone("intel-rapl:0:0", "core", "500");
  system.zone("intel-rapl:1", "package-1", "2000000");
  energy_meter meter(system.root());
  meter.begin();
  system.zone("intel-rapl:0", "package-0", "500000"); // 1.5 J later
  system.zone("intel-rapl:0:0", "core", "900000");
  meter.look();
  system.zone("intel-rapl:0", "package-0", "1500000");
  system.zone("intel-rapl:1", "package-1", "2250000");
  CHECK(*meter.joules() == Approx(2.75));
  CHECK(*meter.joules() == Approx(2.75));
  meter.begin();
  CHECK(*meter.joules() == 0);
}

TEST_CASE("where no counter can be read nothing is known") {
  const counted_system system;
  energy_meter none(system.root());
  none.begin();
  CHECK_FALSE(none.joules());
}
