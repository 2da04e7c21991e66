#include "models/objectives/mean_squared_error.hpp"

#include "runtime/operators.hpp"

namespace syngrad {

result<std::unique_ptr<objective>> mean_squared_error::make(const objective_settings& settings) {
  if (settings.label_smoothing != 0) return error{"label smoothing needs labels; it goes with cross-entropy"};
  return std::unique_ptr<objective>(new mean_squared_error);
}

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

} // namespace syngrad
