// One training step of a synthetic-gradient model, with the solve that is due after it, done at once.
#pragma once

#include "models/synthetic_gradient_model.hpp"
#include "tests/models/bench.hpp"

namespace syngrad {

inline void train_predictor(bench& b, synthetic_gradient_model& model, const tensor& h, const tensor& labels,
                            const tensor& target, float rate) {
  model.train(b.s, h, labels, target, rate);
  if (auto solve = model.begin_solve(b.s)) {
    solve->run(b.s);
    model.finish_solve(b.s, *solve);
  }
}

} // namespace syngrad
