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
#include "runtime/sample_spec.hpp"

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace syngrad {

class state_archive;

struct synthetic_gradient_settings {
  std::string kind = "auto"; // ridge[:FORGET[@INTERVAL]] | exit | head | linear | lowrank:R | mlp:N[xM] | zero; auto:
                             // what the run's model asks for, which a maker of models does not know
  bool labels = true;        // condition on the labels
  std::int64_t rows = 0;     // of each batch that train it, chosen at random; 0: all
  optimizer_settings optimizer = {};
};

// What a kind needs to learn.
struct predictor_needs {
  bool labels = false;
  bool targets = true;            // gradients that come from above
  std::optional<float> rate = {}; // of learning, where none is given; none: the usual one of the optimizer
  bool follows_schedule = true;   // of the run; else that rate stays as it is
};

// What a model predicts for: the activation that crosses an edge, and the labels that its samples have.
struct predictor_task {
  sample_spec activation;   // of a sample; gradients have the same shape
  std::int32_t classes = 0; // labels are below; 0: there are none
  std::int64_t labels = 1;  // of a sample: one, or one for each row of the activation

  bool has_label_for_each_row() const { return labels == activation.rows(); }
};

// The samples of a batch that a training is on, where it is not on all of them.
struct training_samples {
  const tensor& numbers;           // i32 [samples], on the device: which of the batch
  const tensor* weights = nullptr; // f32 [samples]: what each counts, 1 on average; null: 1
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
  explicit synthetic_gradient_model(const predictor_task& task) : task_(task) {}
  virtual ~synthetic_gradient_model() = default;

  // So far, of predictions, trainings and solves. Any thread.
  double multiply_adds_done() const { return done_.load(std::memory_order_relaxed); }

  virtual std::int64_t parameter_count() const = 0;
  virtual double predict_multiply_adds() const = 0; // per row
  virtual double train_multiply_adds() const = 0;   // per row

  // Whether predict() and train() are recorded and replayed, where the device can. Before the first call.
  void use_recordings(bool wanted) { recordings_ = wanted ? std::make_unique<replay_cache>() : nullptr; }
  replay_cache::counters recordings() const { return recordings_ ? recordings_->count() : replay_cache::counters{}; }

  // Each training is on that many of the rows that it is given, others each time, where those are more. Before the
  // first call.
  void train_on_rows(std::int64_t most, std::uint64_t seed);

  // h [rows, features], labels i32, as many as the task says -> per-term gradient [rows, features]
  tensor predict(stream&, const tensor& h, const tensor& labels);
  // One training step towards `target` [rows, features], null where the kind needs none. `rate` is ignored by ridge.
  // With `only`, on those samples of the batch: `target` has their rows alone, in the same order.
  void train(stream&, const tensor& h, const tensor& labels, const tensor& target, float rate,
             const training_samples* only = nullptr);

  // After train(): a solve that is due now, working on a copy of the state taken on `stream`; null if none.
  virtual std::shared_ptr<background_solve> begin_solve(stream&) { return nullptr; }
  // Swaps in the result of a finished solve. The caller has made `stream` wait for it.
  virtual void finish_solve(stream&, background_solve&) {}
  // Of a model that was saved while a solve was out, and loaded: that solve, from the state as it is now. Null where
  // the kind has none.
  virtual std::shared_ptr<background_solve> begin_solve_again(stream&) { return nullptr; }

  virtual std::vector<parameter*> parameters() = 0; // for saving and loading
  learned_state learned();                          // what another of the same kind goes on from; not a solve under way
  void keep(state_archive&);                        // likewise, to be saved and loaded

protected:
  // What the model is shown, a row each.
  struct batch {
    tensor h, labels;
    tensor target;  // null where it predicts
    tensor weights; // f32 [rows]: what each counts; null: 1
  };

  const predictor_task& task() const { return task_; }
  // x [rows, ...], each row times its weight in the batch; x itself where there are none.
  static tensor weighted(stream&, const tensor& x, const batch&);
  // What sums keep at a training on a share of a batch, where they keep `whole` at one on all of it: the number of rows
  // that they remember does not depend on it.
  static float forget_of(float whole, double share);
  // Whether it maps rows; else samples, and what the functions below get has a row for each: [samples, rows *
  // features].
  virtual bool maps_rows() const { return true; }
  virtual learned_state learned_by_kind() = 0;
  // Numbers what the two below enqueue, where that changes: rarely, and outside of them.
  virtual std::uint64_t stage() const { return 0; }
  // What the two enqueue; they may be recorded, and nothing in them depends on numbers of the host that change. A label
  // for each row.
  virtual tensor enqueue_predict(stream&, const tensor& h, const tensor& labels) = 0;
  virtual void enqueue_train(stream&, const batch&) = 0;
  // Before each training: numbers that change go to where the work reads them, counters of the host advance. `share`:
  // what these rows are of the whole batch's, which depends on shapes alone.
  virtual void prepare_training(stream&, std::int64_t rows, double share, float rate) = 0;
  bool uses_recordings() const { return recordings_ != nullptr; }
  // Multiply-adds beside those of predict_multiply_adds() and train_multiply_adds(); negative: spared.
  void count(double multiply_adds) { done_.store(multiply_adds_done() + multiply_adds, std::memory_order_relaxed); }

private:
  batch seen(stream&, const batch& of_samples) const;
  batch samples_of(stream&, const batch& of_samples, const tensor& numbers) const;
  void choose_rows(stream&, std::int64_t of);
  batch chosen(stream&, const batch&) const;

  predictor_task task_;
  std::atomic<double> done_{0};              // written by its user alone
  std::unique_ptr<replay_cache> recordings_; // null: not used
  std::int64_t most_rows_ = 0;               // of a training; 0: all
  std::uint64_t seed_ = 0;                   // of their choice
  std::int64_t trainings_ = 0;
  std::vector<std::int32_t> choice_; // the rows that the next training is on
  tensor indices_;                   // the same, for the device
};

// Fails on a malformed kind, saying what is understood, and where the kind cannot do the task.
result<std::unique_ptr<synthetic_gradient_model>>
make_synthetic_gradient_model(stream&, const synthetic_gradient_settings&, const predictor_task&, random_source&);

// Checks `kind` without building anything.
status check_synthetic_gradient_kind(const std::string& kind);
// Of a kind that passed the check.
predictor_needs needs_of_synthetic_gradient_kind(const std::string& kind);

// What a synthetic-gradient model takes, known before it is made. Plain values.
struct synthetic_gradient_size {
  std::int64_t parameter_count = 0;
  double predict_multiply_adds = 0; // per row
  double train_multiply_adds = 0;   // per row; ridge's solves, which depend on the batch, are not counted
  std::int64_t least_rows = 1;      // of a batch
};

// Of the model that make_synthetic_gradient_model() would make. Takes no memory.
result<synthetic_gradient_size> size_of_synthetic_gradient_model(const synthetic_gradient_settings&,
                                                                 const predictor_task&);

} // namespace syngrad
