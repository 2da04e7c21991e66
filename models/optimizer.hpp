// An optimizer updates the values of an arena from its gradients, a range (a layer) at a time.
//
// One instance belongs to one arena, and holds its moments in the arena's layout.
#pragma once

#include "models/arena.hpp"
#include "runtime/result.hpp"

#include <memory>
#include <string>

namespace syngrad {

struct optimizer_settings {
  std::string name = "adam"; // sgd | adam | adamw
  float momentum = 0;        // sgd
  bool nesterov = false;     // sgd
  float weight_decay = 0;
  float beta1 = 0.9f, beta2 = 0.999f, epsilon = 1e-8f; // adam, adamw
};

struct optimizer_step {
  float scale; // gradients are multiplied by it: 1 / batch size
  float learning_rate;
  std::int64_t number;           // counts from 1
  const tensor* guard = nullptr; // see step_arguments
  tensor* nonfinite = nullptr;   // one scalar
};

class optimizer {
public:
  virtual ~optimizer() = default;
  virtual void step(stream&, arena&, arena_range, const optimizer_step&) = 0;
  virtual std::vector<tensor*> moments() = 0; // for checkpoints; empty where there are none
};

// Whether the name is known and the numbers are in range; the message says what is.
status check_optimizer(const optimizer_settings&);

// Fails as check_optimizer does.
result<std::unique_ptr<optimizer>> make_optimizer(stream&, const arena&, const optimizer_settings&);

} // namespace syngrad
