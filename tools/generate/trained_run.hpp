// What a run of `syngrad train` on a text has left in its folder, for writing on: model, vocabulary and weights.
#pragma once

#include "models/network.hpp"
#include "runtime/data/vocabulary.hpp"
#include "runtime/io/safetensors.hpp"
#include "runtime/result.hpp"

#include <string>

namespace syngrad::tools {

struct trained_run {
  network net; // passes check_language_model(), for at least these tokens
  vocabulary tokens;
  std::string source;       // --data of the run
  std::string weights_path; // where they are from
  safetensors_file weights; // not checked against the network
};

// `weights`: a file of weights; empty: the last ones of the run. Errors name the file, and what to do.
result<trained_run> open_trained_run(const std::string& folder, const std::string& weights);

} // namespace syngrad::tools
