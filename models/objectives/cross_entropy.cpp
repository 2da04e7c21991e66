// Softmax cross-entropy: -log softmax(outputs)[label], in nats. With smoothing e the target is (1 - e) onehot(label) +
// e / K for each of K classes (Szegedy et al., arXiv 1512.00567, section 7). Rows whose label is -1 are no terms.
//
// Classes are judged by the error, tokens of a text by the perplexity.
#include "models/objectives/objectives.hpp"
#include "runtime/operators.hpp"

#include <cmath>

namespace syngrad {

namespace {

class cross_entropy : public objective {
public:
  cross_entropy(float smoothing, bool of_text) : smoothing_(smoothing), of_text_(of_text) {}

  bool takes_labels() const override { return true; }
  std::string loss_unit() const override { return "nats"; }
  std::vector<metric> metrics() const override;
  tensor evaluate(stream&, const tensor& outputs, const tensor& labels, bool wants_gradient,
                  tensor& left) const override;
  std::vector<double> judge(const loss_totals&) const override;

private:
  float smoothing_;
  bool of_text_;
};

std::vector<metric> cross_entropy::metrics() const {
  const metric error{"error", "%", "error_percent", true, !of_text_},
    accuracy{"accuracy", "%", "accuracy_percent", false, false},
    perplexity{"perplexity", "", "perplexity", true, of_text_};
  if (of_text_) return {perplexity, error, accuracy};
  return {error, accuracy, perplexity};
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
  const auto perplexity = std::exp(totals.mean_loss());
  if (of_text_) return {perplexity, error, 100.0 - error};
  return {error, 100.0 - error, perplexity};
}

} // namespace

result<std::unique_ptr<objective>> make_cross_entropy(const objective_settings& settings) {
  if (!(settings.label_smoothing >= 0 && settings.label_smoothing < 1))
    return error::setting("label smoothing must be at least 0 and below 1, for example 0.1");
  return std::unique_ptr<objective>(std::make_unique<cross_entropy>(settings.label_smoothing, settings.of_text));
}

} // namespace syngrad
