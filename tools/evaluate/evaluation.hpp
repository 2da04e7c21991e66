// A network's outputs on samples, judged as an evaluation of a run judges them, and for classes by what was taken for
// what.
#pragma once

#include "models/objective.hpp"
#include "models/trained_network.hpp"
#include "runtime/data/dataset.hpp"
#include "runtime/result.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace syngrad::tools {

// How often samples of each class were taken for each.
class confusion_matrix {
public:
  explicit confusion_matrix(std::int32_t classes)
    : classes_(classes), counts_(static_cast<std::size_t>(classes) * static_cast<std::size_t>(classes)) {}

  std::int32_t classes() const { return classes_; }
  void add(std::int32_t is, std::int32_t taken_for) { ++counts_[at(is, taken_for)]; }
  std::int64_t count(std::int32_t is, std::int32_t taken_for) const { return counts_[at(is, taken_for)]; }
  double recall(std::int32_t of) const;    // share of those that are of the class; NaN: there are none
  double precision(std::int32_t of) const; // share of those that were taken for it; NaN: none were

private:
  std::size_t at(std::int32_t is, std::int32_t taken_for) const {
    return static_cast<std::size_t>(is) * static_cast<std::size_t>(classes_) + static_cast<std::size_t>(taken_for);
  }

  std::int32_t classes_;
  std::vector<std::int64_t> counts_;
};

struct evaluation {
  std::int64_t samples = 0;
  loss_totals totals;
  metric_values metrics;
  confusion_matrix confusion{0}; // of labels that are no tokens
};

// `samples` of data.test in batches of so many. Fails where outputs are not finite.
result<evaluation> evaluate_network(stream&, trained_network&, const objective&, const dataset&,
                                    std::span<const std::int64_t> samples, std::int64_t batch_size);

} // namespace syngrad::tools
