// What a network is trained for: from its outputs and the targets to the loss, its gradient, and metrics.
//
// A row of the outputs is one position of one sample. A row with a target is a loss term: updates divide by their
// number, and the loss is their mean. An objective is one file in objectives/ and a line in objective.cpp.
//
// Threads: it keeps nothing of a batch; one at a time enqueues on a stream.
#pragma once

#include "models/metric.hpp"
#include "runtime/device.hpp"
#include "runtime/result.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace syngrad {

struct objective_settings {
  std::string name = "cross-entropy"; // of known_objectives()
  float label_smoothing = 0;          // cross-entropy only
  bool of_text = false;               // cross-entropy only: labels are the next tokens, and perplexity judges
  bool operator==(const objective_settings&) const = default;
};

// What is added up over an evaluation's loss terms.
struct loss_totals {
  double loss = 0;              // sum over the terms
  std::array<double, 2> sums{}; // the objective's own
  std::int64_t terms = 0;

  void add(const loss_totals& other) {
    loss += other.loss;
    for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += other.sums[i];
    terms += other.terms;
  }
  double mean_loss() const { return loss / static_cast<double>(terms); }
};

class objective {
public:
  static constexpr std::int64_t numbers = 3; // that one batch leaves on the device

  virtual ~objective() = default;

  // Whether targets are labels (i32 [rows], -1: none) or values (f32 [rows, outputs]).
  virtual bool takes_labels() const = 0;
  virtual std::string loss_unit() const = 0; // "nats"; empty: none
  // The first one judges.
  virtual std::vector<metric> metrics() const = 0;

  // outputs [rows, outputs] -> the gradient per term, of the outputs' shape; null where it is not wanted. `left` f32
  // [numbers] receives the mean loss over the terms first, then the objective's sums.
  virtual tensor evaluate(stream&, const tensor& outputs, const tensor& targets, bool wants_gradient,
                          tensor& left) const = 0;
  // Of each of metrics(), over at least one term.
  virtual std::vector<double> judge(const loss_totals&) const = 0;

  metric_values values_of(const loss_totals&) const;
  metric_values unmeasured() const; // all NaN
};

// What evaluate() left, on the host, of that many terms.
loss_totals totals_of(std::span<const float> left, std::int64_t terms);

struct known_objective {
  std::string name;
  result<std::unique_ptr<objective>> (*make)(const objective_settings&);
};
// Makes an objective known to every run that is prepared from now on; not while another thread prepares one. A name
// that is known already is not taken a second time.
status register_objective(known_objective);

std::vector<std::string> known_objectives();
// Fails naming the known ones, or what a setting may be.
result<std::unique_ptr<objective>> make_objective(const objective_settings&);

// Whether the objective has the metric and reaching for it makes sense: a bound that gets better.
status check_target(const metric_target&, const objective&);

} // namespace syngrad
