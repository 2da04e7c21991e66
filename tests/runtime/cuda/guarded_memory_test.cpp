// The late device's memory that the host cannot read: tests rely on it to end a program that tries.
#include "runtime/device.hpp"
#include "runtime/operators.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/late_device.hpp"

#include <csignal>
#include <sys/wait.h>
#include <unistd.h>

using namespace syngrad;

namespace {

// Whether a program that reads `value` lives on.
bool host_can_read(const float* value) {
  const auto child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    std::signal(SIGSEGV, SIG_DFL);
    const float seen = *static_cast<const volatile float*>(value);
    _exit(seen == 3.0f ? 0 : 1);
  }
  int outcome = 0;
  REQUIRE(waitpid(child, &outcome, 0) == child);
  return WIFEXITED(outcome) && WEXITSTATUS(outcome) == 0;
}

} // namespace

TEST_CASE("the host cannot read a guarded device's memory, its work can, and brings it to the host") {
  test::late_device where(1, 4096);
  REQUIRE_FALSE(where.host_reads_memory());
  auto& on = where.make_stream();
  auto there = make_tensor(on, {4});
  where.ops().fill(on, there, 3);
  there.ready_after(on.record());
  auto& copies = where.make_stream();
  const auto here = brought_to_host(copies, there);
  where.synchronize();
  REQUIRE_FALSE(host_can_read(there.f32()));
  REQUIRE(host_can_read(here.f32()));
  REQUIRE(here.f32()[3] == 3);
}

TEST_CASE("headroom that a device has no memory for is left out, and what it has goes on") {
  test::late_device where(1, 512);
  auto& on = where.make_stream();
  for (int i = 0; i < 2; ++i) make_tensor(on, {32});
  REQUIRE(where.memory().counters().allocations == 1);
  where.memory().add_headroom();
  REQUIRE(where.memory().counters().bytes == 512);
  REQUIRE(make_tensor(on, {32}));
  REQUIRE_THROWS_WITH(make_tensor(on, {64}), "late: too little memory: 256 B asked for, 0 B free");
}
