// Everything that decides how a run trains. Plain data: filled by the program from its options, or by a library user.
// What each setting may be, and how it is written as text, is in setting_schema.cpp.
#pragma once

#include "actors/emulated_network.hpp"
#include "actors/gradient_demand.hpp"
#include "actors/pipeline_schedule.hpp"
#include "actors/prediction_gate.hpp"
#include "actors/residual_weight.hpp"
#include "actors/sample_choice.hpp"
#include "models/later_gradient.hpp"
#include "models/local_head_choice.hpp"
#include "models/metric.hpp"
#include "models/objective.hpp"
#include "models/optimizer.hpp"
#include "models/synthetic_gradient_model.hpp"
#include "runtime/data/augmentation.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace syngrad {

class device;
struct network;

inline constexpr const char* automatic_predictor = "auto"; // see predictors_of()
inline constexpr int most_lag = 256;
inline constexpr int most_update_batches = 1 << 16;
inline constexpr int most_credits = 1 << 16;
inline constexpr int most_threads = 1 << 12;   // and of one operator
inline constexpr std::int64_t least_batch = 1; // some layers need more: batch_need_of()
inline constexpr std::int64_t most_batch = 1 << 24;

struct training_settings {
  std::string policy = "synthetic"; // a name of known_policies()
  std::vector<int> split;           // units in each group; empty: one group
  synthetic_gradient_settings synthetic;
  local_head_choice local_head;             // policy local only
  std::int64_t warmup_batches = 0;          // the first batches run locked and train the predictors
  syngrad::residual_weight residual_weight; // policy corrected only: of what was mispredicted, when it is added
  gradient_demand correct;                  // policy corrected only: of which batches true gradients travel back
  sample_choice corrected;                  // policy corrected only: of which samples of those
  gradient_demand gradients;                // policy synthetic only: of which batches they are sent down
  gate_settings gate;                       // policy gated only: what it goes by
  float target_mix = 0;                     // policy synthetic only: part of the gradient received in what is sent down
  bool stash_weights = false;               // backward passes read the weights of their forward pass
  int update_batches = 1;      // that make an update, with double-buffered weights: see weight_versions.hpp
  bool error_feedback = false; // see error_feedback.hpp

  pipeline_schedule pipeline;                // policy pipeline only
  std::optional<std::int64_t> micro_batches; // likewise: that a batch is cut into; see micro_batches_of()

  optimizer_settings optimizer;
  bool momentum_by_delay = false;               // see optimizer_of_group()
  bool discount_by_delay = false;               // see rate_of_group()
  std::optional<float> learning_rate;           // none: the usual one of the optimizer
  std::optional<float> synthetic_learning_rate; // none: the usual one of the kind of predictor
  std::string schedule; // see learning_rate.hpp; empty: rates stay as they are, as those of exit and head do
  float clip_norm = 0;  // of a group's gradient, see update_request; 0: it is not clipped

  std::int64_t batch_size = 256;
  std::int64_t steps = 1000;
  objective_settings objective;
  std::optional<std::int64_t> evaluate_every; // steps; 0 or none: only at the end
  double evaluate_every_s = 0;                // and so many seconds of training; 0: not by time
  std::optional<double> time_limit_s;         // of training, evaluations not counted: then it ends as after `steps`
  std::optional<metric_target> target;        // stop when an evaluation reaches it
  std::int64_t evaluate_samples = 0;          // at most so many, evenly spread over those held out; 0: all
  double validation_fraction = 0;             // of the training set, held out; evaluations are then made on it
  augmentation augment;                       // of training images
  unroll_settings unroll;                     // of recurrent layers
  bool continuing_windows = false;            // of a text: a batch's rows read on where those of the last one ended

  std::uint64_t seed = 1;
  bool deterministic = false;
  std::optional<int> lag; // deterministic only: overrides the policy's own
  emulated_network link;  // between groups in one process; deterministic: counted in batches
  int credits = 2;        // activations that a group grants to its lower neighbour
  int threads = 2;        // actor threads
  int intra_op = 1;       // threads of one operator

  // After so many steps, and so many seconds, the state of the run is saved, if the observer takes it. 0: not by that.
  std::int64_t checkpoint_every = 0;
  double checkpoint_every_s = 0;

  bool recompute = false;   // a group keeps of a batch that waits its input alone, and makes the forward pass again
  bool cuda_graphs = false; // passes are recorded and replayed, on devices that can

  std::int64_t audit_every = 0; // 0: never
  bool skip_nonfinite = false;  // else: stop
  double hang_after_s = 60;     // 0: a run that hangs is never ended
  // Batches that a group may train alone, with its predictions, while the network above it is away; then it waits. They
  // are not among `steps`; none is 0. Needs a policy that predicts, and a run that is not deterministic.
  std::optional<std::int64_t> max_alone;
};

// Everything that the processes of a run must agree on.
struct run_settings : training_settings {
  // What the program trains by where nothing is said (tests/bench/results/first-runs.md).
  run_settings() { optimizer.name = "muon"; }

  std::string model = "mlp:784-256x5-10"; // see make_network: a file is read before
  std::string precision = "f32";          // of matrix products on CUDA devices: f32 | tf32 | bf16
  std::string wire = "f32";               // of activations and gradients between processes: see wire_choice
  std::string trace;                      // see trace_mode.hpp; empty: not chosen
  std::string trace_limit = "256M";       // most that it takes on disk
};

// On which devices a run trains. They outlive it.
struct device_places {
  device* source = nullptr;    // makes the batches
  std::vector<device*> groups; // of each group, bottom to top

  // `split` as in the settings: empty is one group.
  static device_places all_on(device& where, const std::vector<int>& split) {
    return {&where, std::vector<device*>(std::max<std::size_t>(1, split.size()), &where)};
  }
};

// What the run's predictors are made with: the objective may have no labels to condition them on, and `auto` is the
// kind that suits policy and network: that of `local_head` where nothing comes from above, `ridge` where activations
// are vectors or there are no labels, else `exit`.
synthetic_gradient_settings predictors_of(const training_settings&, const network&);

// Of a run that names none: `synthetic` for vectors and transformers, `corrected` for images, which have positions and
// one target, and for recurrent networks.
std::string usual_policy(const network&);

// That a batch is cut into by a policy that does so: as set, or twice as many as groups and at most one a sample.
int micro_batches_of(const training_settings&);

// Names of the policies, in the order of their registry.
std::vector<std::string> known_policies();

} // namespace syngrad
