#include "runtime/process/process_limits.hpp"

#include "tests/runtime/process/made_up_system.hpp"
#include "tests/support/catch.hpp"

#include <sched.h>
#include <thread>

using namespace syngrad;
using syngrad::test::made_up_system;

namespace {

processor_limits of(int allowed, std::optional<double> quota) {
  return {.installed = 64, .allowed = allowed, .quota = quota, .quota_of = "/x/cpu.max"};
}

} // namespace

TEST_CASE("a quota is rounded to the nearest number of processors, within what affinity allows") {
  CHECK(of(8, std::nullopt).usable() == 8);
  CHECK(of(8, 0.1).usable() == 1);
  CHECK(of(8, 1.49).usable() == 1);
  CHECK(of(8, 1.5).usable() == 2);
  CHECK(of(8, 3.2).usable() == 3);
  CHECK(of(8, 200).usable() == 8);
  CHECK(of(8, 1e18).usable() == 8);
  CHECK(of(1, 3).usable() == 1);
}

TEST_CASE("the reason names what is less than the machine has") {
  CHECK(of(64, std::nullopt).reason() == "");
  CHECK(of(64, 100).reason() == "");
  CHECK(of(2, std::nullopt).reason() == "2 of 64 by affinity");
  CHECK(of(64, 1.5).reason() == "a quota of 1.5 (/x/cpu.max)");
  CHECK(of(4, 0.333).reason() == "4 of 64 by affinity, a quota of 0.33 (/x/cpu.max)");
}

TEST_CASE("without control groups, or without a quota, affinity decides") {
  const made_up_system nothing;
  CHECK_FALSE(find_processor_limits(nothing.root()).quota);
  const made_up_system unlimited;
  unlimited.unified("/a/b");
  unlimited.write(made_up_system::top + "/a/b/cpu.max", "max 100000\n");
  unlimited.write(made_up_system::top + "/a/cpu.max", "max 100000\n");
  const auto found = find_processor_limits(unlimited.root());
  CHECK_FALSE(found.quota);
  CHECK(found.usable() == found.allowed);
}

TEST_CASE("version 2: the least quota between this process's group and the top holds") {
  const made_up_system system;
  system.unified("/slurm/job 7/step");
  system.write(made_up_system::top + "/slurm/job 7/step/cpu.max", "max 100000\n");
  system.write(made_up_system::top + "/slurm/job 7/cpu.max", "150000 100000\n");
  system.write(made_up_system::top + "/slurm/cpu.max", "400000 100000\n");
  system.write(made_up_system::top + "/other/cpu.max", "1000 100000\n"); // not above this process
  const auto found = find_processor_limits(system.root());
  REQUIRE(found.quota);
  CHECK(*found.quota == 1.5);
  CHECK(found.quota_of == system.root() + made_up_system::top + "/slurm/job 7/cpu.max");
}

TEST_CASE("version 2: a container that sees its own part only finds its limit at the top of what is mounted") {
  const made_up_system with_namespace, without;
  with_namespace.unified("/");
  with_namespace.write(made_up_system::top + "/cpu.max", "50000 100000\n");
  CHECK(find_processor_limits(with_namespace.root()).quota.value_or(0) == 0.5);

  without.write("/proc/self/cgroup", "0::/docker/4711/inner\n");
  without.write("/proc/self/mountinfo", "30 22 0:26 /docker/4711 /sys/fs/cgroup ro - cgroup2 cgroup rw\n");
  without.write(made_up_system::top + "/cpu.max", "300000 100000\n");
  without.write(made_up_system::top + "/inner/cpu.max", "200000 100000\n");
  CHECK(find_processor_limits(without.root()).quota.value_or(0) == 2);

  const made_up_system elsewhere; // a group outside the namespace
  elsewhere.unified("/../sibling");
  elsewhere.write(made_up_system::top + "/cpu.max", "100000 100000\n");
  CHECK(find_processor_limits(elsewhere.root()).quota.value_or(0) == 1);
}

TEST_CASE("version 1: the quota and its period are files of their own, and -1 is none") {
  const made_up_system system;
  system.separate("cpu,cpuacct", "/batch/job");
  const auto folder = made_up_system::top + "/cpu,cpuacct";
  system.write(folder + "/batch/job/cpu.cfs_quota_us", "-1\n");
  system.write(folder + "/batch/job/cpu.cfs_period_us", "100000\n");
  CHECK_FALSE(find_processor_limits(system.root()).quota);
  system.write(folder + "/batch/cpu.cfs_quota_us", "250000\n");
  system.write(folder + "/batch/cpu.cfs_period_us", "100000\n");
  CHECK(find_processor_limits(system.root()).quota.value_or(0) == 2.5);
  system.write(folder + "/cpu.cfs_quota_us", "20000\n");
  system.write(folder + "/cpu.cfs_period_us", "10000\n");
  CHECK(find_processor_limits(system.root()).quota.value_or(0) == 2);
}

TEST_CASE("files that make no sense set no quota") {
  for (const auto* text : {"", "lots", "0 100000", "-5 100000", "100000", "100000 0", "100000 often"}) {
    CAPTURE(text);
    const made_up_system system;
    system.unified("/a");
    system.write(made_up_system::top + "/a/cpu.max", text);
    CHECK_FALSE(find_processor_limits(system.root()).quota);
  }
  const made_up_system broken;
  broken.write("/proc/self/cgroup", "0\nnothing\n::\n0::/a\n");
  broken.write("/proc/self/mountinfo", "short\n30 22 - cgroup2\n");
  CHECK_FALSE(find_processor_limits(broken.root()).quota);
}

TEST_CASE("affinity is asked of the kernel") {
  int allowed = 0, usable = 0;
  std::thread pinned([&] { // a thread of its own, so that the rest of the program keeps what it has
    cpu_set_t now, one;
    CPU_ZERO(&one);
    if (::sched_getaffinity(0, sizeof now, &now) != 0) return;
    for (int i = 0; i < CPU_SETSIZE && CPU_COUNT(&one) == 0; ++i)
      if (CPU_ISSET(i, &now)) CPU_SET(i, &one);
    if (::sched_setaffinity(0, sizeof one, &one) != 0) return;
    allowed = find_processor_limits("/nowhere").allowed;
    usable = usable_processors();
  });
  pinned.join();
  CHECK(allowed == 1);
  CHECK(usable == 1);
}

TEST_CASE("processes of one machine share its processors evenly, and none gets nothing") {
  CHECK(share_of_processors(5, 3, 1) == 2);
  CHECK(share_of_processors(5, 3, 2) == 2);
  CHECK(share_of_processors(5, 3, 3) == 1);
  CHECK(share_of_processors(2, 4, 4) == 1);
  CHECK(share_of_processors(8, 1, 1) == 8);
}
