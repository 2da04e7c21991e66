// What a run of `syngrad train` has left in its folder, for using its network: options, model, weights, and what the
// reader has learned of the data.
#pragma once

#include "models/network.hpp"
#include "models/trained_network.hpp"
#include "runtime/data/dataset.hpp"
#include "runtime/io/safetensors.hpp"
#include "runtime/result.hpp"
#include "tools/command_line/option_row.hpp"
#include "tools/run_folder/data_file.hpp"
#include "tools/train/train_options.hpp"

#include <string>

namespace syngrad::tools {

struct trained_run {
  std::string folder;
  train_options options;    // of its run.ini
  network net;              // its layers fit together
  data_facts facts;         // of its data.json
  std::string weights_path; // where they are from
  safetensors_file weights; // not checked against the network

  // Uses up network and weights. Fails where the two do not fit.
  result<trained_network> take_network(stream&);
};

// --weights: last, best, or a file.
option_row weights_row(std::string& target);

// `folder`: of the run, or a checkpoint in it. `weights` as that option has it; empty: last, or those of the
// checkpoint. Errors name the file, and what to do.
result<trained_run> open_trained_run(const std::string& folder, const std::string& weights);

// Whether it was trained on a text and can write on: then its vocabulary has no more tokens than it has outputs.
status check_writes_text(const trained_run&);

} // namespace syngrad::tools
