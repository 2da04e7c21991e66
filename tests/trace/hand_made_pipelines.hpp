// Traces of small pipelines whose numbers are known: every duration is chosen here.
#pragma once

#include "tests/support/trace_builder.hpp"

#include <string>

namespace syngrad::test {

// Source, two groups and a predictor; the batches from 0 on, one every 1000 ns, the first at 1000. Batch b at time t:
//
//   source       t - 50 .. t + 50   makes it: sends its activation (100 bytes) at t
//   group 0      t + 100 .. + 310   forward: sends the activation (200 bytes) at + 250, predict (200 bytes) at + 300
//   predictor 0  t + 320 .. + 380   answers (200 bytes) at + 370, from version 10 + b of its weights
//   group 0      t + 400 .. + 510   backward: update at + 500, to version b + 1; then measures
//   group 1      t + 350 .. + 860   forward, loss, backward: update at + 700, gradient (300 bytes) at + 750, batch_done
//                                   at + 850
//   group 0      t + 900 .. + 930   gets the gradient; sends target (400 bytes) at + 920
//
// Measures of group 0's interface: staleness b % 3, cosine 0.5 + 0.1 * (b % 2), norm ratio 2.
struct decoupled_pipeline {
  explicit decoupled_pipeline(int batches, std::uint32_t sample = 1);

  std::uint32_t coordinator, source, below, top, predictor;
  trace_builder trace;
};

// Source and three groups, locked: forward passes of 100, 200 and (with loss, backward and update) 500 ns; backward
// passes with updates of 300 and 150 ns; 10 ns from each send to its handling. A batch takes 100 + 200 + 500 + 300 +
// 150 + 4 * 10 = 1290 ns; the source needs 80.
struct locked_pipeline {
  explicit locked_pipeline(int batches);

  static constexpr double batch_ns = 1290;
  std::uint32_t source, groups[3];
  trace_builder trace;
};

} // namespace syngrad::test
