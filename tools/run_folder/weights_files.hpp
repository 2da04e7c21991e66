// The files of weights that a run leaves, and what they hold, whoever writes them: safetensors, named as layers name
// them, with the model in their metadata.
#pragma once

#include "actors/summary.hpp"
#include "actors/trainer.hpp"
#include "models/layer_group.hpp"
#include "models/network.hpp"
#include "models/objective.hpp"
#include "runtime/io/output_file.hpp"
#include "runtime/result.hpp"

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

namespace syngrad::tools {

inline constexpr const char* last_weights_name = "weights.safetensors";
inline constexpr const char* best_weights_name = "weights.best.safetensors";

std::map<std::string, std::string> weights_metadata(const std::string& model);

// Bytes that the file takes: of a whole network, and of some tensors, whose values do not matter.
std::size_t weights_size(const network&, const std::string& model);
std::size_t weights_size(std::span<const layer_group::named_tensor>, const std::string& model);

// Writes and commits.
status write_weights(atomic_file&, std::span<const layer_group::named_tensor>, const std::string& model);

// weights.best.safetensors: the weights of the best evaluation so far. A run that diverges later, or learns by heart,
// has them still. They are written beside the training, by a thread of this object; where evaluations come faster than
// a disk writes, the latest best ones replace those that wait.
//
// A file that cannot be written is said once, and ends nothing. What it is the best of stands in its metadata: step,
// loss, and the metric that judges (error_percent).
//
// Threads: evaluated() from one at a time, the rest from the thread that made this object.
class best_weights {
public:
  using speaker = std::function<void(const std::string& line)>;
  // Calls what it is given with the weights as they are, as trainer::with_weights_now().
  using reader = std::function<status(const weights_use&)>;

  // Of evaluations on validation samples, or else on test samples. `say`: from any thread, one call at a time.
  best_weights(std::map<std::string, std::string> metadata, bool on_validation, speaker say);
  ~best_weights(); // as finish()

  // Of a run that goes on in `folder` from `step`: what the file there says that it is the best of counts, unless it is
  // of a later step, which comes again. Before the first evaluation.
  void go_on(const std::string& folder, std::int64_t step, const objective&);

  // Where `report` is better than all before, the weights are copied, to be written into `folder`.
  void evaluated(const std::string& folder, const evaluation_report& report, const reader& read);

  struct kept {
    std::string path;
    std::int64_t step = 0;
    metric_value value; // of the metric that judges
  };
  // Waits for what is being written. What is on disk then; none where there is no file.
  std::optional<kept> finish();

private:
  struct copied_tensor {
    std::string name;
    dtype type;
    shape extents;
    std::vector<std::byte> bytes;
  };
  struct snapshot {
    std::string folder;
    evaluation_report of;
    std::vector<copied_tensor> weights;
  };

  bool is_better(const evaluation_report&) const;
  void hand_over(snapshot);
  void run();
  void write(const snapshot&);
  void complain(const std::string& why);

  std::map<std::string, std::string> metadata_;
  bool on_validation_;
  speaker say_;
  std::optional<evaluation_report> best_; // evaluated()'s own

  std::mutex mutex_; // of the rest
  std::condition_variable changed_;
  std::optional<snapshot> waiting_;
  std::optional<kept> kept_;
  bool complained_ = false, stopping_ = false;
  std::thread thread_;
};

} // namespace syngrad::tools
