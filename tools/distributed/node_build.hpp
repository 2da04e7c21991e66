// A node's part of a run, from the coordinator's order: its devices, its groups, its trace, the file of its weights.
//
// One thread at a time; outlives the actors that use it.
#pragma once

#include "actors/distributed/control_messages.hpp"
#include "actors/run_plan.hpp"
#include "actors/settings.hpp"
#include "runtime/device.hpp"
#include "runtime/trace/trace_recorder.hpp"
#include "tools/distributed/kept_weights.hpp"
#include "tools/distributed/node_options.hpp"
#include "tools/run_folder/run_folder.hpp"

#include <map>
#include <memory>
#include <optional>
#include <span>

namespace syngrad::tools {

class node_build {
public:
  // `folder` is gone again in the end, where no weights are kept in it.
  node_build(const node_options& node, std::string name, run_folder folder)
    : node_(node), name_(std::move(name)), folder_(std::move(folder)) {}
  ~node_build();

  // Makes everything that the order asks for, and takes the space for the weights. The message names the option, the
  // device or the file.
  result<run_plan> build(const run_order&);

  const run_settings& settings() const { return settings_; } // of the order
  // Closes the trace and sends it; returns what went wrong.
  std::string send_trace(const std::function<void(trace_part)>&);
  // Writes the groups' weights into the folder; where it is gone, into a new one. Returns the file's path.
  result<std::string> save(std::span<const layer_group::named_tensor> weights);
  void forget_weights(); // that were saved: the coordinator has them on its disk
  void abandon();        // the actors hang: devices and trace stay until the process ends

private:
  result<device*> device_named(const std::string& name);
  status start_trace(const run_order&);

  const node_options& node_;
  std::string name_;
  run_folder folder_;
  std::map<std::string, std::unique_ptr<device>> devices_;
  std::unique_ptr<trace_recorder> recorder_;
  std::optional<kept_weights> weights_; // once built
  run_settings settings_;
};

} // namespace syngrad::tools
