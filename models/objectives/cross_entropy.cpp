#include "models/objectives/cross_entropy.hpp"

#include "runtime/operators.hpp"

namespace syngrad {

result<std::unique_ptr<objective>> cross_entropy::make(const objective_settings& settings) {
  if (!(settings.label_smoothing >= 0 && settings.label_smoothing < 1))
    return error{"label smoothing must be at least 0 and below 1, for example 0.1"};
  return std::unique_ptr<objective>(new cross_entropy(settings.label_smoothing));
}

std::vector<metric> cross_entropy::metrics() const {
  return {{"error", "%", "error_percent", true, true},
          {"accuracy", "%", "accuracy_percent", false, false},
          {"perplexity", "", "perplexity", true, false}};
}

tensor cross_entropy::evaluate(stream& s, const tensor& outputs, const tensor& labels, bool wants_gradient,
                               tensor& left) const {
  tensor gradient;
  if (wants_gradient) gradient = make_tensor(s, outputs.extents());
  auto loss_and_wrong = left.view(0, {2});
  s.ops().softmax_cross_entropy(s, {.logits = outputs,
                                    .labels = labels,
                                    .gradient = wants_gradient ? &gradient : nullptr,
                                    .result = loss_and_wrong,
                                    .smoothing = smoothing_});
  return gradient;
}

std::vector<double> cross_entropy::judge(const loss_totals& totals) const {
  const auto error = 100.0 * totals.sums[0] / static_cast<double>(totals.terms);
  return {error, 100.0 - error, std::exp(totals.mean_loss())};
}

} // namespace syngrad
