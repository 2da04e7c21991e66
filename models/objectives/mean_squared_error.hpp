// Mean squared error: for each row the mean of (output - target)^2 over its outputs.
#pragma once

#include "models/objective.hpp"

namespace syngrad {

class mean_squared_error : public objective {
public:
  static result<std::unique_ptr<objective>> make(const objective_settings&);

  bool takes_labels() const override { return false; }
  std::string loss_unit() const override { return ""; }
  std::vector<metric> metrics() const override;
  tensor evaluate(stream&, const tensor& outputs, const tensor& targets, bool wants_gradient,
                  tensor& left) const override;
  std::vector<double> judge(const loss_totals&) const override;
};

} // namespace syngrad
