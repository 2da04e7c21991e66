// The state of a run between two batches, on its way to a disk or back: what a continued run needs to go on as if it
// had never been interrupted. Values only: whoever holds one may keep it as long as it likes, on any thread.
//
// Names in a group's part: the network's weights and running statistics as layer_group::weights() has them
// ("3.weight"), so the network is what begins with a digit. All else begins with a word: "optimizer.3.weight.0",
// "predictor....", "window....", "random....".
#pragma once

#include "models/layer_group.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace syngrad {

// A part of a run as it is between two batches: a layer group with its predictor, or the source of batches.
struct saved_part {
  std::string name;                               // "group0", "group1", ..., "source"
  std::vector<layer_group::named_tensor> tensors; // host memory, of their own; names unique within the part
  std::map<std::string, std::string> words;       // numbers and words, by name
};

// Of all parts in this process, at one batch.
struct saved_run {
  std::int64_t step = 0; // whole batches that went before
  std::vector<saved_part> parts;
  std::map<std::string, std::string> words; // of the run: counters that metrics, summary, schedule go on from
};

} // namespace syngrad
