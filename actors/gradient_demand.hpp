// How many of the gradients a group wants from the group above (`--gradients`). Where its predictor is good enough it
// can do without most of them, which saves what they take on the way.
//
// | demand      | gradients that come with values                                      | who decides |
// |-------------|----------------------------------------------------------------------|----------------------------------|
// | all         | of every batch                                                       | nobody | | every:N     | of
// batches that N divides                                            | nobody: both sides know N        | | above:ERROR
// | of every batch while the predictor's error is above ERROR, else of   | the group below measures, and    | | | every
// 16th, so that it goes on measuring                             | says so with `gradients_wanted`  |
//
// The others come as `none`, so that each batch still comes back once. Plain values and a small state machine; no
// threads.
#pragma once

#include "runtime/result.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace syngrad {

struct gradient_demand {
  std::uint64_t every = 1;     // what is known at the start: wanted are the batches that this divides
  std::optional<double> above; // relative error of the predictor; null: `every` stays as it is

  // "all", "every:N", "above:ERROR"; fails with what was expected.
  static result<gradient_demand> parse(const std::string& text);

  bool is_all() const { return every == 1 && !above; }
};

// Of a group that receives gradients: turns measures of its predictor into what it wants.
class gradient_appetite {
public:
  static constexpr std::uint64_t seldom = 16;

  explicit gradient_appetite(gradient_demand demand) : demand_(demand), every_(demand.every) {}

  // A prediction p and the gradient g that came for it: p.g, |p|^2, |g|^2. Returns what is wanted from now on, where
  // that has changed. The error |p - g| / |g| is smoothed over the last few measures: a batch is no reason to turn
  // round.
  std::optional<std::uint64_t> measured(double dot, double predicted_squared, double received_squared);

  double error() const { return error_.value_or(1); } // a predictor that says nothing has 1

private:
  gradient_demand demand_;
  std::uint64_t every_;
  std::optional<double> error_;
};

} // namespace syngrad
