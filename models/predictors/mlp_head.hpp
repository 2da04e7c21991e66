// `head:mlp:N`: the gradient of the loss of a local head with a hidden layer (Belilovsky et al., Decoupled Greedy
// Learning, arXiv 1901.08164, whose heads have some, too).
//
// With n of head_input, a = max(0, n V^T + c) [N] and e = softmax(a W^T + b) - onehot(label), the loss has the
// gradients e at the logits, d = (e W where a > 0) at the hidden layer, and at h what goes through n of d V. It learns
// from labels alone, by the optimizer of linear heads. W, b and c start at zero, V as a linear layer does: its first
// gradient is exactly zero.
#pragma once

#include "models/arena.hpp"
#include "models/head_input.hpp"
#include "models/predictors/predictor_kind.hpp"
#include "models/remembered_batches.hpp"

namespace syngrad {

class mlp_head_predictor : public synthetic_gradient_model {
public:
  mlp_head_predictor(stream&, const predictor_task&, std::int64_t hidden, random_source&);

  static synthetic_gradient_size size_of(const predictor_task&, std::int64_t hidden);

  std::int64_t parameter_count() const override { return arena_.trained_elements(); }
  double predict_multiply_adds() const override { return size_of(task(), hidden()).predict_multiply_adds; }
  double train_multiply_adds() const override { return size_of(task(), hidden()).train_multiply_adds; }

  std::vector<parameter*> parameters() override;

protected:
  bool maps_rows() const override { return task().has_label_for_each_row(); }
  learned_state learned_by_kind() override;
  tensor enqueue_predict(stream&, const tensor& h, const tensor& labels) override;
  void enqueue_train(stream&, const batch&) override;
  void prepare_training(stream&, std::int64_t labels, double share, float rate) override;

private:
  struct reading : head_input::seen {
    tensor hidden; // a [labels, N]
    tensor error;  // e [labels, classes]; zero where there is no label
  };
  std::int64_t hidden() const { return hidden_weight_.extents[0]; }
  reading read(stream&, const tensor& h, const tensor& labels) const;
  void judge(stream&, const tensor& labels, reading&) const;
  reading read_to_train(stream&, const batch&);
  tensor gradient_at_hidden(stream&, const tensor& error, const reading&) const; // d

  head_input input_;
  parameter hidden_weight_, hidden_bias_; // V [N, inputs], c
  parameter weight_, bias_;               // W [classes, N], b
  arena arena_;
  std::unique_ptr<optimizer> optimizer_;
  tensor guard_;
  uploaded_numbers numbers_;
  std::int64_t steps_ = 0;
  std::int64_t version_ = 0; // of the weights: trainings
  remembered_batches<reading> remembered_;
};

} // namespace syngrad
