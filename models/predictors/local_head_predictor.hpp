// The two kinds of synthetic gradients that rest on a local head.
//
// `head`: the gradient of the head's own loss. It learns from labels alone, and needs no gradient from above. There are
// heads of other forms (mlp_head.hpp, early_exit_head.hpp).
//
// `exit`: the head's gradient, and a linear map of what the head gets wrong to what that gradient lacks, solved in
// closed form. With n, sigma = sqrt(variance + epsilon) of a row's layer norm and e and W of the head
// (models/local_head.hpp), for every batch
//
//   S <- forget S + e^T e                [classes, classes]
//   C <- forget C + e^T (sigma target)   [classes, features]
//   R  = (S + ridge mean(diag S) I)^-1 (C - S W)
//
// at each of the first trainings, then at every 4th. The prediction is the layer norm's backward pass of e (W + R):
// divided by sigma and orthogonal to n, as a gradient is that has come through a layer norm. With a ridge of 1 a
// direction of e is left to the head where it is rare: with 1e-3, which leaves it little, targets that are predictions
// themselves lose what they say from group to group (gpt:8x64 in 8 groups, 600 steps, one seed: 2.40 nats, with
// 1: 2.35). A regression on the activation itself looks good while it watches and diverges when it is used: Adam takes
// full steps along any bias, and e vanishes where nothing is wrong.
//
// Of vectors, a map for each label, from [e, 1] and without a head's gradient, takes no more time and loses with depth.
// 784-256x11-10 in 12 groups on MNIST, 1,500 steps, one seed, `synthetic`: 22.9 % by Adam and 2.41 % by Muon, with a
// head's gradient beneath it 2.25 % by Adam; this one 1.97 and 1.91, backpropagation 1.59 and 1.78. Forgetting 0.95
// instead of 0.98, or a ridge of 0.3, made no difference beyond that of seeds.
//
// Where there are more classes than `most_classes`, e W [features] takes the place of e, and the unit matrix that of W.
//
// Where a sample has positions but one label, P = (S + ridge mean(diag S) I)^-1 C maps the sample's e to the gradients
// of all its positions, without sigma and layer norm: where something is matters more than what it looks like. Until
// there is a P, the head's gradient serves.
//
// `forget` is of a whole batch: a training on a part of one forgets less, so that what it remembers is as many rows.
// Where rows have weights, e^T is that of weighted rows, for W too.
//
// Neither follows the run's schedule: the activation moves under the head from the first step to the last.
#pragma once

#include "models/local_head.hpp"
#include "models/predictors/predictor_kind.hpp"

namespace syngrad {

class head_predictor : public synthetic_gradient_model {
public:
  head_predictor(stream&, const predictor_task&);

  static synthetic_gradient_size size_of(const predictor_task&);

  std::int64_t parameter_count() const override { return head_.parameter_count(); }
  double predict_multiply_adds() const override { return size_of(task()).predict_multiply_adds; }
  double train_multiply_adds() const override { return size_of(task()).train_multiply_adds; }

  std::vector<parameter*> parameters() override { return head_.parameters(); }

protected:
  bool maps_rows() const override { return task().has_label_for_each_row(); }
  learned_state learned_by_kind() override { return head_.learned(); }
  tensor enqueue_predict(stream&, const tensor& h, const tensor& labels) override;
  void enqueue_train(stream&, const batch&) override;
  void prepare_training(stream&, std::int64_t labels, double share, float rate) override;

private:
  local_head head_;
};

class exit_predictor : public synthetic_gradient_model {
public:
  static constexpr std::int64_t most_classes = 1024;
  static constexpr float forget = 0.98f, ridge_of_rows = 1, ridge_of_samples = 1e-3f;
  static constexpr std::int64_t solved_at_first = 8, interval = 4; // trainings

  exit_predictor(stream&, const predictor_task&);

  static synthetic_gradient_size size_of(const predictor_task&);

  std::int64_t parameter_count() const override { return size_of(task()).parameter_count; }
  double predict_multiply_adds() const override { return size_of(task()).predict_multiply_adds; }
  double train_multiply_adds() const override { return size_of(task()).train_multiply_adds; }

  // Solves at once where it is due: that takes no longer than a training. Always null.
  std::shared_ptr<background_solve> begin_solve(stream&) override;

  std::vector<parameter*> parameters() override;

protected:
  bool maps_rows() const override { return task().has_label_for_each_row(); }
  std::uint64_t stage() const override { return !maps_rows() && solved_ > 0 ? 1 : 0; }
  learned_state learned_by_kind() override;
  tensor enqueue_predict(stream&, const tensor& h, const tensor& labels) override;
  void enqueue_train(stream&, const batch&) override;
  void prepare_training(stream&, std::int64_t labels, double share, float rate) override;

private:
  tensor cause(stream&, const local_head::reading&) const; // e, or e W
  void take_away_head(stream&);

  local_head head_;
  parameter solution_;   // R, or P
  parameter statistics_; // S and C, in the views below
  tensor products_, right_side_;
  tensor normal_, solved_right_side_, failed_; // of a solve
  std::int64_t trained_ = 0, solved_ = 0;
  float forget_ = 1; // of the training under way
};

extern const predictor_kind head_kind;
extern const predictor_kind exit_kind;

} // namespace syngrad
