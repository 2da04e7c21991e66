#include "models/predictors/zero.hpp"

#include "runtime/operators.hpp"

namespace syngrad {

namespace {

class zero_predictor : public synthetic_gradient_model {
public:
  using synthetic_gradient_model::synthetic_gradient_model;

  std::int64_t parameter_count() const override { return 0; }
  double predict_multiply_adds() const override { return 0; }
  double train_multiply_adds() const override { return 0; }

  std::vector<parameter*> parameters() override { return {}; }

protected:
  learned_state learned_by_kind() override { return {}; }
  tensor enqueue_predict(stream& s, const tensor& h, const tensor&) override {
    auto none = make_tensor(s, h.extents());
    s.ops().fill(s, none, 0);
    return none;
  }
  void enqueue_train(stream&, const batch&) override {}
  void prepare_training(stream&, std::int64_t, double, float) override {}
};

} // namespace

const predictor_kind zero_kind{
  "zero",
  "zero",
  check_no_argument,
  [](const predictor_request&) { return synthetic_gradient_size{}; },
  [](const predictor_request& request, stream&, random_source&) -> std::unique_ptr<synthetic_gradient_model> {
    return std::make_unique<zero_predictor>(request.task);
  },
  {.targets = false}};

} // namespace syngrad
