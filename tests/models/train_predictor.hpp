// What tests of synthetic-gradient models need: a task, and one training step with the solve that is due after it.
#pragma once

#include "models/synthetic_gradient_model.hpp"
#include "tests/models/bench.hpp"

namespace syngrad {

// Activations of one row, with one label each.
inline predictor_task task_of(std::int64_t features, std::int32_t classes) {
  return {.activation = {{features}}, .classes = classes};
}

inline void train_predictor(bench& b, synthetic_gradient_model& model, const tensor& h, const tensor& labels,
                            const tensor& target, float rate) {
  model.train(b.s, h, labels, target, rate);
  if (auto solve = model.begin_solve(b.s)) {
    solve->run(b.s);
    model.finish_solve(b.s, *solve);
  }
}

} // namespace syngrad
