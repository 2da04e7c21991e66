// When a solution is taken: what the operator suite cannot show on the host, where the CPU's solve judges first.
#include "runtime/cuda/kernels/ridge_kernels.hpp"

#include "runtime/cpu/cpu_device.hpp"
#include "tests/runtime/cuda/host_launcher.hpp"
#include "tests/support/catch.hpp"

#include <cmath>

using namespace syngrad;

namespace {

constexpr std::int64_t rows = 40, columns = 300;

struct judged {
  float failed, first, last;
};

// What is left in a solution of -7 where the solved one is 2, but for one number, and the factorisation said `info`.
judged judge(float somewhere, int info) {
  cpu_device where;
  auto& on = where.make_stream();
  auto solved = make_tensor(on, {rows, columns}), solution = make_tensor(on, {rows, columns}),
       failed = make_tensor(on, {1});
  where.ops().fill(on, solved, 2);
  where.ops().fill(on, solution, -7);
  solved.f32()[31 * columns + 270] = somewhere;
  test::host_launcher launcher(on);
  cuda::kernels::take_solution(launcher, solved, &info, solution, failed);
  return {failed.f32()[0], solution.f32()[0], solution.f32()[rows * columns - 1]};
}

} // namespace

TEST_CASE("a solution is taken where the factorisation succeeded and all of it is finite") {
  const auto good = judge(2, 0);
  REQUIRE(good.failed == 0);
  REQUIRE(good.first == 2);
  REQUIRE(good.last == 2);
}

TEST_CASE("a solution with one bad number, or of no factorisation, is not taken") {
  for (const auto& bad : {judge(std::nanf(""), 0), judge(HUGE_VALF, 0), judge(2, 21)}) {
    REQUIRE(bad.failed == 1);
    REQUIRE(bad.first == -7);
    REQUIRE(bad.last == -7);
  }
}
