// One closed-form solve of a ridge predictor: (S + ridge mean(diag S) I) P = C, on copies of S and C.
//
// Made once per predictor and recycled. Between begin_solve and finish_solve it belongs to whoever runs it; its
// tensors are not touched by the predictor then.
#pragma once

#include "models/synthetic_gradient_model.hpp"

namespace syngrad {

class ridge_solve : public background_solve {
public:
  static constexpr float ridge = 1e-3f;

  // unknowns: rows of P; features: columns of P.
  ridge_solve(stream& owner, std::int64_t unknowns, std::int64_t features);

  void run(stream& solver) override;

  tensor normal;     // S [unknowns, unknowns]; destroyed by run()
  tensor right_side; // C [unknowns, features]
  tensor solution;   // P [unknowns, features]: before run() the solution in force, which stays if the solve fails
  tensor failed;     // [1]: 1 where it did
};

} // namespace syngrad
