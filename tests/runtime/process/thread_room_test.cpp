#include "runtime/process/process_limits.hpp"

#include "tests/runtime/process/made_up_system.hpp"
#include "tests/support/catch.hpp"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace syngrad;
using syngrad::test::made_up_system;

TEST_CASE("threads that can be started are there at the same time, and gone afterwards") {
  CHECK(try_threads(0) == 0);
  CHECK(try_threads(20) == 20);
  CHECK(check_thread_room(20));
}

TEST_CASE("where there are too few threads every limit is named") {
  const made_up_system system;
  system.unified("/job/step");
  system.write(made_up_system::top + "/job/step/pids.max", "max\n");
  system.write(made_up_system::top + "/job/step/pids.current", "3\n");
  system.write(made_up_system::top + "/job/pids.max", "20\n");
  system.write(made_up_system::top + "/job/pids.current", "17\n");
  system.write("/proc/sys/kernel/threads-max", "5000\n");
  const auto fits = check_thread_room(
    3, [](int wanted) { return wanted; }, system.root());
  CHECK(fits);
  const auto refused = check_thread_room(
    12, [](int) { return 3; }, system.root());
  REQUIRE_FALSE(refused);
  const auto& text = refused.message();
  CAPTURE(text);
  CHECK(text.find("it needs 12 more threads, and only 3 can be started (limits: pids.max of '" + system.root() +
                  made_up_system::top + "/job' is 20, and 17 are in use") == 0);
  CHECK(text.find("/step'") == std::string::npos); // no limit
  CHECK(text.find("the machine may have 5000)") != std::string::npos);
}

TEST_CASE("version 1 names the limit of its own hierarchy") {
  const made_up_system system;
  system.separate("pids", "/a");
  system.write("/sys/fs/cgroup/pids/a/pids.max", "7\n");
  CHECK(thread_limits(system.root()).find("pids.max of '" + system.root() + "/sys/fs/cgroup/pids/a' is 7") == 0);
}

TEST_CASE("a user's limit on threads is found and named") {
  constexpr int limited = 5, passed = 0, not_limited = 1, wrong = 2;
  const auto child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    // Root is exempt, so it becomes nobody; that fails where this is some user already, who is limited as well.
    constexpr uid_t nobody = 65534;
    [[maybe_unused]] const bool became = ::setuid(nobody) == 0;
    const rlimit few{limited, limited};
    if (::setrlimit(RLIMIT_NPROC, &few) != 0) ::_exit(not_limited);
    const auto refused = check_thread_room(200);
    if (refused) ::_exit(not_limited);
    ::_exit(refused.kind() == error_kind::resource &&
                refused.message().find("this user may have 5 (ulimit -u)") != std::string::npos
              ? passed
              : wrong);
  }
  int how = 0;
  REQUIRE(::waitpid(child, &how, 0) == child);
  REQUIRE(WIFEXITED(how));
  if (WEXITSTATUS(how) == not_limited) WARN("not shown here: this system does not limit the threads of a user");
  CHECK(WEXITSTATUS(how) != wrong);
}
