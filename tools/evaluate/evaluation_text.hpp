// An evaluation as text: for people tables, for programs JSON.
#pragma once

#include "tools/evaluate/evaluation.hpp"

#include <string>
#include <vector>

namespace syngrad::tools {

struct evaluation_origin {
  std::string run, weights, data;
  std::string loss_unit;                // empty: none
  counted_unit unit;                    // of samples
  std::vector<std::string> class_names; // of the confusion matrix; empty: numbers
};

// Metrics with their units, and the confusion matrix, with what is taken for what most often where it is wide.
std::string format_evaluation(const evaluation&, const evaluation_origin&);

// Keys: run, weights, data, samples, loss, loss_unit, terms; metrics, an array of {name, unit, value, judges}; classes,
// their names; confusion, a row for each class that samples are of, with how many were taken for each; recall and
// precision of each class. classes to precision are null where targets are no classes.
std::string format_evaluation_json(const evaluation&, const evaluation_origin&);

} // namespace syngrad::tools
