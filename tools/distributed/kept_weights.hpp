// The file of a node's weights. Its space is taken before the training, so that they can be saved even where the disk
// fills up meanwhile; it appears whole or not at all, and goes again once the coordinator has the weights on its disk.
//
// One thread at a time.
#pragma once

#include "actors/run_plan.hpp"
#include "models/layer_group.hpp"
#include "runtime/io/output_file.hpp"

#include <optional>
#include <span>
#include <string>

namespace syngrad::tools {

class kept_weights {
public:
  // For the weights of the plan's groups that are in this process. `model` is kept with them.
  static result<kept_weights> reserve(const std::string& path, const run_plan&, const std::string& model);

  // On disk when this returns; takes the place of what was saved before.
  status save(std::span<const layer_group::named_tensor>);
  void move_to(const std::string& path); // from now on; nothing is reserved there
  void remove();                         // what was saved
  bool saved() const { return saved_; }
  const std::string& path() const { return path_; }

private:
  kept_weights(std::string path, std::string model) : path_(std::move(path)), model_(std::move(model)) {}

  std::string path_;
  std::string model_;
  std::optional<atomic_file> reserved_; // until the first time
  bool saved_ = false;
};

} // namespace syngrad::tools
