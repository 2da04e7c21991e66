// What `syngrad node` has of a run beside its groups: its devices, its trace, the file of its weights.
#pragma once

#include "actors/distributed/joined_node.hpp"
#include "models/layer_group.hpp"
#include "runtime/io/output_file.hpp"
#include "runtime/trace/trace_recorder.hpp"
#include "tools/run_folder/run_folder.hpp"

#include <memory>
#include <optional>
#include <span>
#include <string>

namespace syngrad::tools {

// The file of a node's weights. Its space is taken before the training, so that they can be saved even where the disk
// fills up meanwhile; it appears whole or not at all, and goes again once the coordinator has the weights on its disk.
//
// One thread at a time.
class kept_weights {
public:
  // For the weights of the plan's groups that are in this process. `model` is kept with them.
  static result<kept_weights> reserve(const std::string& path, const run_plan&, const std::string& model);

  // On disk when this returns; replaces what was saved before.
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

class node_build : public node_work {
public:
  // `threads` run its actors. `folder` is gone again in the end, where no weights are kept in it.
  node_build(int threads, std::string name, run_folder folder)
    : threads_(threads), name_(std::move(name)), folder_(std::move(folder)) {}
  ~node_build() override;

  status send_trace(const std::function<void(trace_part)>&) override;
  // Writes the groups' weights into the folder; where it is gone, into a new one. Returns the file's path.
  result<std::string> save(std::span<const layer_group::named_tensor> weights) override;
  void forget_weights() override;
  void abandon() override;

protected:
  result<std::unique_ptr<device>> make_device(const std::string& name) override;
  result<trace_recorder*> start_trace(const run_order&) override;
  status built(const run_plan&) override; // takes the space for the weights

private:
  int threads_; // that run actors
  std::string name_;
  run_folder folder_;
  std::unique_ptr<trace_recorder> recorder_;
  std::optional<kept_weights> weights_; // once built
};

} // namespace syngrad::tools
