// A predictor that is a small network trained by its own optimizer: a conditioned linear stage, then further layers.
// The last stage starts at zero, so that an untrained predictor predicts exactly zero.
//
// Loss: mean over the batch of |prediction - target|^2, summed over features. BatchNorm layers inside normalise with
// the statistics of the batch at hand, in training and in prediction alike.
#pragma once

#include "models/arena.hpp"
#include "models/network.hpp"
#include "models/optimizer.hpp"
#include "models/predictors/predictor_kind.hpp"

namespace syngrad {

// y = x W^T + T[label] + b: a linear map of [x, one-hot label, 1] without the one-hot product. x [batch, inputs],
// W [outputs, inputs], T [classes, outputs], b [outputs]. The first stage of every trained predictor.
//
// Not a layer: it takes labels, and what feeds it wants no gradient from it. One stream at a time.
class conditioned_linear {
public:
  // classes == 0: not conditioned, and labels are ignored.
  conditioned_linear(std::int64_t inputs, std::int64_t outputs, std::int32_t classes, bool with_bias);

  std::int64_t outputs() const { return weight_.extents[0]; }
  std::vector<parameter*> parameters();
  // Uniform in +-1/sqrt(inputs + classes); otherwise all stays zero.
  void initialize(stream&, random_source&);
  double multiply_adds() const { return static_cast<double>(weight_.extents.elements()); } // forward, per sample

  tensor forward(stream&, const tensor& x, const tensor& labels);
  // Overwrites the parameter gradients.
  void backward(stream&, const tensor& x, const tensor& labels, const tensor& dy);

private:
  parameter weight_, table_, bias_;
  bool conditioned_, with_bias_;
};

class network_predictor : public synthetic_gradient_model {
public:
  network_predictor(stream&, const predictor_task&, conditioned_linear first, layer_list rest,
                    const optimizer_settings&, random_source&);

  std::int64_t parameter_count() const override { return arena_.trained_elements(); }
  double predict_multiply_adds() const override;
  double train_multiply_adds() const override;

  std::vector<parameter*> parameters() override;

protected:
  learned_state learned_by_kind() override;
  tensor enqueue_predict(stream&, const tensor& h, const tensor& labels) override;
  // A step whose error is not finite leaves values and moments as they are.
  void enqueue_train(stream&, const batch&) override;
  void prepare_training(stream&, std::int64_t rows, double share, float rate) override;
  std::uint64_t stage() const override { return optimizer_->kind_of_step(steps_); }

private:
  // A prediction of the weights as they are: training on the same batch begins with it.
  struct remembered {
    tensor h, labels, prediction;
  };
  static constexpr std::size_t most_remembered = 4;

  std::vector<std::vector<parameter*>> stage_parameters();
  tensor error_of(stream&, const batch&);
  tensor forward(stream&, const tensor& h, const tensor& labels);
  void drop_cache(std::size_t stage);

  conditioned_linear first_;
  layer_list rest_;
  arena arena_;
  std::unique_ptr<optimizer> optimizer_;
  std::vector<std::vector<tensor>> caches_; // of rest_, during a call; empty tensors otherwise
  tensor guard_;                            // |error|^2 of the training under way
  uploaded_numbers numbers_;                // of the next step
  std::int64_t rounding_seed_ = 0;          // of moments in fewer bits
  std::int64_t steps_ = 0;
  std::vector<remembered> remembered_; // the oldest first; of a linear map alone, whose prediction is all it computes
};

extern const predictor_kind linear_kind;  // one linear map, as in the paper's cDNI
extern const predictor_kind lowrank_kind; // through R features
extern const predictor_kind mlp_kind;     // M hidden layers of N, each with BatchNorm and ReLU

} // namespace syngrad
