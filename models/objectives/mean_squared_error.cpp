// Mean squared error: for each row the mean of (output - target)^2 over its outputs.
#include "models/objectives/objectives.hpp"
#include "runtime/operators.hpp"

#include <cmath>

namespace syngrad {

namespace {

class mean_squared_error : public objective {
public:
  bool takes_labels() const override { return false; }
  std::string loss_unit() const override { return ""; }
  std::vector<metric> metrics() const override;
  tensor evaluate(stream&, const tensor& outputs, const tensor& targets, bool wants_gradient,
                  tensor& left) const override;
  std::vector<double> judge(const loss_totals&) const override;
};

std::vector<metric> mean_squared_error::metrics() const {
  return {{"mse", "", "mse", true, true}, {"rmse", "", "rmse", true, false}};
}

tensor mean_squared_error::evaluate(stream& s, const tensor& outputs, const tensor& targets, bool wants_gradient,
                                    tensor& left) const {
  auto difference = make_tensor(s, outputs.extents());
  s.ops().subtract(s, outputs, targets, difference);
  auto loss = left.view(0, {1});
  s.ops().sum_squares(s, difference, loss);
  s.ops().scale(s, loss, 1 / static_cast<float>(outputs.elements()));
  if (!wants_gradient) return {};
  s.ops().scale(s, difference, 2 / static_cast<float>(outputs.columns()));
  return difference;
}

std::vector<double> mean_squared_error::judge(const loss_totals& totals) const {
  return {totals.mean_loss(), std::sqrt(totals.mean_loss())};
}

} // namespace

result<std::unique_ptr<objective>> make_mean_squared_error(const objective_settings& settings) {
  if (settings.label_smoothing != 0) return error::setting("label smoothing needs labels; it goes with cross-entropy");
  return std::unique_ptr<objective>(std::make_unique<mean_squared_error>());
}

} // namespace syngrad
