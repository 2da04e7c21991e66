#include "runtime/process/process_limits.hpp"

#include "tests/runtime/process/made_up_system.hpp"
#include "tests/support/catch.hpp"

using namespace syngrad;
using syngrad::test::made_up_system;

namespace {

constexpr std::uint64_t gib = std::uint64_t{1} << 30;

void with_8_gib(const made_up_system& system) {
  system.write("/proc/meminfo", "MemTotal:       16777216 kB\nMemFree:  1000 kB\nMemAvailable:    8388608 kB\n");
}

} // namespace

TEST_CASE("without a limit the machine's available memory counts") {
  const made_up_system system;
  CHECK_FALSE(find_memory_room(system.root()));
  with_8_gib(system);
  const auto room = find_memory_room(system.root());
  REQUIRE(room);
  CHECK(room->bytes == 8 * gib);
  CHECK(room->limited_by == "");
}

TEST_CASE("version 2: the group that leaves least counts, without what it caches of files") {
  const made_up_system system;
  with_8_gib(system);
  system.unified("/job/step");
  system.write(made_up_system::top + "/job/step/memory.max", "max\n");
  system.write(made_up_system::top + "/job/step/memory.current", "1073741824\n");
  system.write(made_up_system::top + "/job/memory.max", "4294967296\n");
  system.write(made_up_system::top + "/job/memory.current", "3221225472\n");
  system.write(made_up_system::top + "/job/memory.stat",
               "anon 1073741824\nfile 2147483648\ninactive_file 1073741824\nactive_file 5\n");
  const auto room = find_memory_room(system.root());
  REQUIRE(room);
  CHECK(room->bytes == 2 * gib);
  CHECK(room->limited_by == system.root() + made_up_system::top + "/job");
}

TEST_CASE("version 1: a limit beyond all memory is none, and a group above its limit leaves nothing") {
  const made_up_system system;
  with_8_gib(system);
  system.separate("memory", "/a");
  system.write(made_up_system::top + "/memory/a/memory.limit_in_bytes", "9223372036854771712\n");
  system.write(made_up_system::top + "/memory/a/memory.usage_in_bytes", "4096\n");
  CHECK(find_memory_room(system.root())->bytes == 8 * gib);
  system.write(made_up_system::top + "/memory/memory.limit_in_bytes", "1000\n");
  system.write(made_up_system::top + "/memory/memory.usage_in_bytes", "5000\n");
  CHECK(find_memory_room(system.root())->bytes == 0);
}
