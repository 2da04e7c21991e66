// The layers and the predictor of a simulated group: they take the time of their multiply-adds, and compute nothing.
#pragma once

#include "actors/simulation/simulated_run.hpp"
#include "models/layer.hpp"
#include "models/synthetic_gradient_model.hpp"
#include "runtime/operators.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace syngrad {

inline constexpr std::int64_t timed_width = 2; // features of each tensor

// Takes its time and passes on what it gets.
class timed_layer : public layer {
public:
  timed_layer(const group_work& work, std::int64_t samples, simulated_machines& machines)
    : work_(work), samples_(static_cast<double>(samples)), machines_(machines) {}

  std::string describe() const override { return "timed"; }
  result<sample_spec> infer(const sample_spec& below) const override { return below; }
  double multiply_adds(const sample_spec&) const override { return 1; }
  bool goes_back_by_samples() const override { return true; }
  tensor forward(stream&, const tensor& x, phase, layer_cache) override {
    machines_.works(work_.forward * share_of(x));
    return x;
  }
  tensor backward(stream& s, const tensor& dy, layer_cache cache, backward_request wanted) override {
    if (wanted.input_gradient) machines_.works(work_.input_gradient * share_of(dy));
    if (wanted.parameter_gradient) make_or_defer(s, 0, dy, cache, wanted);
    return wanted.input_gradient ? dy : tensor();
  }
  void backward_parameters(stream&, int, const tensor& dy, layer_cache, bool) override {
    machines_.works(work_.parameter_gradient * share_of(dy));
  }

private:
  double share_of(const tensor& rows) const { return static_cast<double>(rows.rows()) / samples_; }

  const group_work& work_;
  double samples_;
  simulated_machines& machines_;
};

// Predicts nothing and learns nothing, in its time.
class timed_model : public synthetic_gradient_model {
public:
  timed_model(const group_work& work, std::int64_t samples, simulated_machines& machines)
    : synthetic_gradient_model({{{timed_width}}, timed_width}), work_(work), samples_(static_cast<double>(samples)),
      machines_(machines) {}

  std::int64_t parameter_count() const override { return 0; }
  double predict_multiply_adds() const override { return 0; }
  double train_multiply_adds() const override { return 0; }
  std::vector<parameter*> parameters() override { return {}; }

protected:
  learned_state learned_by_kind() override { return {}; }
  tensor enqueue_predict(stream& s, const tensor& h, const tensor&) override {
    machines_.works(work_.predict * static_cast<double>(h.rows()) / samples_);
    auto none = make_tensor(s, h.extents());
    s.ops().fill(s, none, 0);
    return none;
  }
  void enqueue_train(stream&, const batch& of) override {
    machines_.works(work_.train_predictor * static_cast<double>(of.h.rows()) / samples_);
  }
  void prepare_training(stream&, std::int64_t, double, float) override {}

private:
  const group_work& work_;
  double samples_;
  simulated_machines& machines_;
};

} // namespace syngrad
