#include "tests/support/catch.hpp"
#include "tools/devices/device_set.hpp"

#include <array>
#include <vector>

using namespace syngrad;
using namespace syngrad::tools;

TEST_CASE("A device is made once, whatever the number of its groups") {
  const auto set = device_set::make({{}, {}, {}}, {});
  REQUIRE(set);
  const auto places = set->places();
  REQUIRE(places.groups.size() == 3);
  CHECK(places.groups[0] == places.groups[2]);
  CHECK(places.source == places.groups[0]);
  const auto report = set->report();
  REQUIRE(report.size() == 1);
  CHECK(report[0].name == "cpu");
  CHECK(report[0].groups == "0-2");
}

TEST_CASE("What a device holds is counted") {
  const auto set = device_set::make({{}}, {});
  REQUIRE(set);
  auto& device = *set->places().source;
  CHECK(set->report()[0].memory_bytes == 0);
  const auto held = make_tensor(device.make_stream(), {1000, 1000});
  const auto report = set->report()[0];
  CHECK(report.memory_bytes >= 4'000'000);
  CHECK(report.allocations == 1);
  CHECK(report.host_visible_bytes == 0); // all memory of the CPU is
}

TEST_CASE("Devices of a run that hung outlive their set, and what was made on them goes back") {
  auto set = device_set::make({{}}, {});
  REQUIRE(set);
  auto& device = *set->places().source;
  auto& work = device.make_stream();
  auto held = make_tensor(work, {64, 64});
  set->abandon();
  CHECK(set->report().empty());
  held = {};
  CHECK(device.memory().counters().in_use == 0);
}

TEST_CASE("Memory of several processes is told by node, also where all is the CPU's") {
  CHECK(format_memory(std::vector<held_memory>{}).empty());
  const std::vector<held_memory> rows{{"coordinator", "cpu", 1 << 20, 0}, {"a", "cuda:0", 3 << 20, 1 << 19}};
  CHECK(format_memory(rows) == "memory: coordinator cpu 1.0 MiB; a cuda:0 3.0 MiB, 512.0 KiB pinned\n");
}

TEST_CASE("A CUDA device that is not there is refused by name") {
  constexpr int no_machine_has_so_many = 1023;
  const auto set = device_set::make({{}, {no_machine_has_so_many}}, {});
  REQUIRE(!set);
  CHECK(set.message().find("cuda:1023: ") == 0);
  CHECK(set.message().find("`syngrad devices`") != std::string::npos);
}

TEST_CASE("Devices and their memory are told where a GPU takes part") {
  const std::array cpu{device_report{"cpu", "0-5", 15 << 20, 0, 3}};
  CHECK(format_devices(cpu).empty());
  CHECK(format_memory(cpu).empty());
  const std::array gpu{device_report{"cuda:0", "0-5", std::uint64_t{3} << 29, 64 << 20, 9}};
  CHECK(format_devices(gpu) == ", on cuda:0");
  CHECK(format_memory(gpu) == "memory: cuda:0 1.5 GiB, 64.0 MiB pinned\n");
  const std::array mixed{device_report{"cuda:0", "0-2,4", 1 << 10, 1 << 20, 9}, device_report{"cpu", "3", 512, 0, 1}};
  CHECK(format_devices(mixed) == ", groups 0-2,4 on cuda:0, 3 on cpu");
  CHECK(format_memory(mixed) == "memory: cuda:0 1.0 KiB, 1.0 MiB pinned; cpu 512 B\n");
}
