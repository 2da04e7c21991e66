// A local head: a linear classifier of an activation, trained on the spot from its labels (Belilovsky et al., Decoupled
// Greedy Learning, arXiv 1901.08164). What it gets wrong tells which way the loss above falls.
//
// With n = layer-norm(h) of each row, without weights, and e = softmax(n W^T + b) - onehot(label), its loss has the
// gradients e at the logits, e^T n at W, and at h the layer norm's backward pass of e W.
//
// Where a sample has positions but one label, n is of what its map is pooled to: 2 x 2 parts of an image, the mean of
// a sequence.
//
// Used by one actor at a time, on one stream. W and b start at zero, so that its first gradient is exactly zero.
#pragma once

#include "models/arena.hpp"
#include "models/optimizer.hpp"
#include "models/synthetic_gradient_model.hpp"
#include "runtime/operators/window.hpp"

#include <optional>
#include <vector>

namespace syngrad {

class local_head {
public:
  // What it has made of a batch, a row for each label.
  struct reading {
    tensor normal;     // n [labels, inputs]
    tensor statistics; // of the layer norm [2, labels]
    tensor pooled;     // what was normalised [labels, inputs]
    tensor error;      // e [labels, classes]; zero where there is no label
  };

  local_head(stream&, const predictor_task&);

  std::int64_t inputs() const { return weight_.extents[1]; }
  std::int64_t classes() const { return weight_.extents[0]; }
  std::int64_t parameter_count() const { return arena_.trained_elements(); }
  // Of a task, before there is a head. Per label.
  static std::int64_t inputs_of(const predictor_task&);
  static double product_multiply_adds(const predictor_task& task) {
    return static_cast<double>(inputs_of(task)) * task.classes;
  }

  // h [rows, features] or [samples, rows * features], labels i32.
  reading read(stream&, const tensor& h, const tensor& labels) const;
  // The same, for a batch that is predicted for and later trained on: the second takes what the first has made of the
  // same memory, which nobody writes in between, as far as it still holds. Where it does not know the batch, or not any
  // more, it reads anew. Not within what is recorded.
  reading read_to_predict(stream&, const tensor& h, const tensor& labels);
  reading read_to_train(stream&, const tensor& h, const tensor& labels);
  // A scalar that is not finite where h is not: a row's mean is not where one of its elements is not.
  tensor guard_of(stream&, const reading&) const;
  // e W, at n.
  tensor gradient_at_normal(stream&, const reading&) const;
  // `at_normal` [labels, inputs] through layer norm and pooling, to h's shape.
  tensor through_normal(stream&, const reading&, const tensor& at_normal, const shape& of_h) const;

  // One step of its optimizer. The numbers of the step are told before, apart from what is enqueued.
  void prepare_training(stream&, std::int64_t labels, float rate);
  // `error`: that of the reading, its rows weighted where they count differently. Nothing changes where the scalar
  // `guard` is not finite.
  void train(stream&, const reading&, const tensor& error, const tensor& guard);

  std::vector<parameter*> parameters();           // whoever asks may write them
  tensor weight() const { return weight_.value; } // [classes, inputs]
  learned_state learned();

private:
  // The positions of a sample with one label as an image: a sequence is one of width 1.
  struct pooling {
    shape image;     // [height, width, features]
    window2d window; // of the parts that it is pooled to
    std::int64_t parts() const { return window.output_of({image[0], image[1]}).positions(); }
  };
  static std::optional<pooling> pooling_of(const predictor_task&); // none: each row is a sample

  // A batch that was predicted for.
  struct remembered {
    tensor h, labels;
    reading read;
    std::int64_t version; // of the weights that judged it
  };
  static constexpr std::size_t most_remembered = 4;

  reading normalised(stream&, const tensor& h) const;
  void judge(stream&, const tensor& labels, reading&) const;
  tensor parts_of(const tensor& pooled) const;

  std::optional<pooling> pooling_;
  parameter weight_, bias_;
  arena arena_;
  std::unique_ptr<optimizer> optimizer_;
  tensor guard_;
  uploaded_numbers numbers_;
  std::int64_t steps_ = 0;
  std::int64_t version_ = 0;           // of the weights: calls of train()
  std::vector<remembered> remembered_; // the oldest first
};

} // namespace syngrad
