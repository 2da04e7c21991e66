// Writes what a run leaves behind: metrics as they come, weights and summary at the end.
//
// Space for weights and summary is taken when the run starts, so they can be saved even where the disk fills up
// meanwhile. A folder that others rename is followed. Where they remove it, or it does not take the weights, all that
// is written goes to a new one: under its name, beside it or where temporary files go, with the metrics so far: on_move
// tells the user.
//
// Threads: any; each member locks, as weights may be saved while metrics come.
#pragma once

#include "actors/summary.hpp"
#include "models/layer_group.hpp"
#include "models/objective.hpp"
#include "tools/devices/device_set.hpp"
#include "tools/run_folder/data_file.hpp"
#include "tools/run_folder/run_folder.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace syngrad::tools {

class run_recorder {
public:
  struct plan {
    std::string run_ini; // its text
    data_facts data;     // data.json
    std::string model;   // kept with the weights
    int groups = 0;
    std::size_t weight_bytes = 0;                  // to reserve; see weights_files.hpp
    objective_settings objective = {};             // which metrics there will be; it has passed check_settings()
    std::optional<std::int64_t> goes_on_from = {}; // the step: metrics up to it stay, later ones are cut
  };

  // Creates every file, or goes on in those of a run. On failure nothing new stays in the folder, which outlives the
  // recorder.
  static result<run_recorder> open(run_folder&, const plan&);
  run_recorder(run_recorder&&) noexcept;
  ~run_recorder();

  // A line for the user. Before anything is recorded.
  void on_move(std::function<void(const std::string&)> tell);

  // Removes every file again: the run never started. Those that it went on in stay.
  void discard();
  status evaluation(const evaluation_report&);
  // The weights as they are now: on disk, whole, when it returns; older ones are replaced. What was reserved stays for
  // finish(), unless the run is `ending` and the disk has no other space. Returns the file's path.
  result<std::string> save(std::span<const layer_group::named_tensor> weights, bool ending);
  // Commits weights and summary, also where evaluation() had failed. Once.
  status finish(const training_summary&, std::span<const layer_group::named_tensor> weights,
                std::span<const device_report> devices = {});

  // What the user should know at the end: that the folder is another one, or that the weights are those of save().
  std::string remark() const;
  std::string path() const;     // of the folder now
  bool lost_its_folder() const; // with all that others have written there

private:
  struct state;
  explicit run_recorder(std::unique_ptr<state>);

  std::unique_ptr<state> self_;
};

} // namespace syngrad::tools
