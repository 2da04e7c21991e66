// Softmax cross-entropy: loss = mean over the batch of -log softmax(logits)[label].
#pragma once

#include "runtime/device.hpp"
#include "runtime/operators.hpp"

namespace syngrad {

struct loss_output {
  tensor gradient; // per sample, [batch, classes]; null in evaluation
};

// `result` f32 [2] receives the mean loss and the number of wrong rows.
inline loss_output softmax_cross_entropy(stream& s, const tensor& logits, const tensor& labels, bool want_gradient,
                                         tensor& result) {
  loss_output out;
  if (want_gradient) out.gradient = make_tensor(s, logits.extents());
  s.ops().softmax_cross_entropy(s, logits, labels, want_gradient ? &out.gradient : nullptr, result);
  return out;
}

} // namespace syngrad
