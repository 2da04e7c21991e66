#include "models/predictors/ridge_solve.hpp"

#include "runtime/operators.hpp"

namespace syngrad {

ridge_solve::ridge_solve(stream& owner, std::int64_t unknowns, std::int64_t features)
  : normal(make_tensor(owner, {unknowns, unknowns})), right_side(make_tensor(owner, {unknowns, features})),
    solution(make_tensor(owner, {unknowns, features})), failed(make_tensor(owner, {1})) {}

void ridge_solve::run(stream& solver) {
  for (const auto* each : {&normal, &right_side, &solution, &failed}) each->read_on(solver);
  solver.ops().solve_ridge(solver, normal, right_side, ridge, solution, failed);
  const auto done = solver.record();
  for (auto* each : {&normal, &right_side, &solution, &failed}) each->ready_after(done);
}

} // namespace syngrad
