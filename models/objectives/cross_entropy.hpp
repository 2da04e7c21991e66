// Softmax cross-entropy: -log softmax(outputs)[label], in nats. With smoothing e the target is (1 - e) onehot(label) +
// e / K for each of K classes (Szegedy et al., arXiv 1512.00567, section 7). Rows whose label is -1 are no terms.
#pragma once

#include "models/objective.hpp"

namespace syngrad {

class cross_entropy : public objective {
public:
  static result<std::unique_ptr<objective>> make(const objective_settings&);

  bool takes_labels() const override { return true; }
  std::string loss_unit() const override { return "nats"; }
  std::vector<metric> metrics() const override;
  tensor evaluate(stream&, const tensor& outputs, const tensor& labels, bool wants_gradient,
                  tensor& left) const override;
  std::vector<double> judge(const loss_totals&) const override;

private:
  explicit cross_entropy(float smoothing) : smoothing_(smoothing) {}

  float smoothing_;
};

} // namespace syngrad
