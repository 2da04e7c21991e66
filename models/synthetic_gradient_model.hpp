// Predicts the gradient of the loss with respect to an activation, from the activation and (if conditioned) the labels
// (Jaderberg et al., arXiv 1608.05343; with labels: cDNI).
//
// Used by one actor at a time, on one stream. Before the first training the prediction is exactly zero.
#pragma once

#include "models/learned_state.hpp"
#include "models/learning_rate.hpp"
#include "models/optimizer.hpp"
#include "runtime/device.hpp"
#include "runtime/random.hpp"
#include "runtime/replay_cache.hpp"

#include <memory>
#include <string>

namespace syngrad {

struct synthetic_gradient_settings {
  std::string kind = "ridge"; // ridge[:FORGET[@INTERVAL]] | linear | lowrank:R | mlp:N[xM]
  bool labels = true;         // condition on the labels
  optimizer_settings optimizer = {};
};

// A computation on a copy of the model's state that may take long: it runs on another actor and stream while the model
// predicts and trains on. Handed back, its result is swapped in.
class background_solve {
public:
  virtual ~background_solve() = default;
  virtual void run(stream& solver) = 0;
};

class synthetic_gradient_model {
public:
  virtual ~synthetic_gradient_model() = default;

  virtual std::int64_t parameter_count() const = 0;
  virtual double predict_multiply_adds() const = 0; // per row
  virtual double train_multiply_adds() const = 0;   // per row

  // Whether predict() and train() are recorded and replayed, where the device can. Before the first call.
  void use_recordings(bool wanted) { recordings_ = wanted ? std::make_unique<replay_cache>() : nullptr; }
  replay_cache::counters recordings() const { return recordings_ ? recordings_->count() : replay_cache::counters{}; }

  // h [rows, features], labels i32 [rows] -> per-term gradient [rows, features]
  tensor predict(stream&, const tensor& h, const tensor& labels);
  // One training step towards `target` [rows, features]. `rate` is ignored by closed-form models.
  void train(stream&, const tensor& h, const tensor& labels, const tensor& target, float rate);

  // After train(): a solve that is due now, working on a copy of the state taken on `stream`; null if none.
  virtual std::shared_ptr<background_solve> begin_solve(stream&) { return nullptr; }
  // Swaps in the result of a finished solve. The caller has made `stream` wait for it.
  virtual void finish_solve(stream&, background_solve&) {}

  virtual std::vector<parameter*> parameters() = 0; // for saving and loading
  virtual learned_state learned() = 0;              // what another of the same kind goes on from; not a solve under way

protected:
  // What the two enqueue; they may be recorded, and nothing in them depends on numbers of the host that change.
  virtual tensor enqueue_predict(stream&, const tensor& h, const tensor& labels) = 0;
  virtual void enqueue_train(stream&, const tensor& h, const tensor& labels, const tensor& target) = 0;
  // Before each training: numbers that change go to where the work reads them, counters of the host advance.
  virtual void prepare_training(stream&, std::int64_t rows, float rate) = 0;
  bool uses_recordings() const { return recordings_ != nullptr; }

private:
  std::unique_ptr<replay_cache> recordings_; // null: not used
};

// features: width of the activation; classes: number of labels. Fails on a malformed kind, saying what is understood.
result<std::unique_ptr<synthetic_gradient_model>> make_synthetic_gradient_model(stream&,
                                                                                const synthetic_gradient_settings&,
                                                                                std::int64_t features,
                                                                                std::int32_t classes, random_source&);

// Checks `kind` without building anything.
status check_synthetic_gradient_kind(const std::string& kind);

// What a synthetic-gradient model takes, known before it is made. Plain values.
struct synthetic_gradient_size {
  std::int64_t parameter_count = 0;
  double predict_multiply_adds = 0; // per row
  double train_multiply_adds = 0;   // per row; ridge's solves, which depend on the batch, are not counted
  std::int64_t least_rows = 1;      // of a batch
};

// Of the model that make_synthetic_gradient_model() would make. Takes no memory.
result<synthetic_gradient_size> size_of_synthetic_gradient_model(const synthetic_gradient_settings&,
                                                                 std::int64_t features, std::int32_t classes);

} // namespace syngrad
