// A local head: a linear classifier of an activation, trained on the spot from its labels (Belilovsky et al., Decoupled
// Greedy Learning, arXiv 1901.08164). What it gets wrong tells which way the loss above falls.
//
// With n = layer-norm(h) of each row, without weights, and e = softmax(n W^T + b) - onehot(label), its loss has the
// gradients e at the logits, e^T n at W, and at h the layer norm's backward pass of e W.
// n is what head_input makes of an image or a sequence with one label.
//
// Used by one actor at a time, on one stream. W and b start at zero, so that its first gradient is exactly zero.
#pragma once

#include "models/arena.hpp"
#include "models/head_input.hpp"
#include "models/optimizer.hpp"
#include "models/remembered_batches.hpp"
#include "models/synthetic_gradient_model.hpp"

#include <vector>

namespace syngrad {

// What trains heads that learn by steps.
optimizer_settings head_optimizer();

class local_head {
public:
  // What it has made of a batch, a row for each label.
  struct reading : head_input::seen {
    tensor error; // e [labels, classes]; zero where there is no label
  };

  local_head(stream&, const predictor_task&);

  std::int64_t inputs() const { return weight_.extents[1]; }
  std::int64_t classes() const { return weight_.extents[0]; }
  std::int64_t parameter_count() const { return arena_.trained_elements(); }
  // Of a task, before there is a head. Per label.
  static double product_multiply_adds(const predictor_task& task) {
    return static_cast<double>(head_input::inputs_of(task)) * task.classes;
  }

  // h [rows, features] or [samples, rows * features], labels i32.
  reading read(stream&, const tensor& h, const tensor& labels) const;
  // The same, for a batch that is predicted for and later trained on: the second takes what the first has made of it,
  // as far as it still holds. Where it does not know the batch, or not any more, it reads anew.
  reading read_to_predict(stream&, const tensor& h, const tensor& labels);
  reading read_to_train(stream&, const tensor& h, const tensor& labels);
  // e W, at n.
  tensor gradient_at_normal(stream&, const reading&) const;
  const head_input& input() const { return input_; }

  // One step of its optimizer. The numbers of the step are told before, apart from what is enqueued.
  void prepare_training(stream&, std::int64_t labels, float rate);
  // `error`: that of the reading, its rows weighted where they count differently. Nothing changes where the scalar
  // `guard` is not finite.
  void train(stream&, const reading&, const tensor& error, const tensor& guard);

  std::vector<parameter*> parameters();           // whoever asks may write them
  tensor weight() const { return weight_.value; } // [classes, inputs]
  learned_state learned();

private:
  void judge(stream&, const tensor& labels, reading&) const;

  head_input input_;
  parameter weight_, bias_;
  arena arena_;
  std::unique_ptr<optimizer> optimizer_;
  tensor guard_;
  uploaded_numbers numbers_;
  std::int64_t steps_ = 0;
  std::int64_t version_ = 0; // of the weights: calls of train()
  remembered_batches<reading> remembered_;
};

} // namespace syngrad
