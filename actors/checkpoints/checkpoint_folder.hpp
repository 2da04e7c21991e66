// Checkpoints on disk: the state of a run between two batches, of which a folder appears whole or not at all.
//
//   checkpoints/step-000000100/     100 batches went before
//     group0.safetensors            of each part: its tensors, and its words as metadata
//     source.safetensors
//     manifest.json                 written last
//
// A checkpoint is made under a name with a dot in front, every file synced, the folder synced and renamed, the folder
// around it synced. What a process has left unfinished is removed by the next one that writes there.
//
//   {"format": 1, "program": "syngrad 0.1.0", "step": 100,
//    "words": {...},                                             of the run
//    "options": {"model": "mlp:784-256x5-10", ...},              with which it was made
//    "data": "9f2c...",                                          the sum of the data set
//    "parts": [{"name": "group0", "file": "group0.safetensors", "bytes": 1234, "sum": "06bd..."}, ...],
//    "sum": "77a1..."}                                           of this file without this line
//
// Sums are XXH3 of 64 bits, as hexadecimal digits. Numbers of tensors lie as they were in memory. Who writes holds the
// lock of the run's folder; who reads needs none.
#pragma once

#include "models/saved_state.hpp"
#include "runtime/result.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace syngrad {

// What is said of a run beside its state.
struct checkpoint_facts {
  std::string program;
  std::map<std::string, std::string> options;
  std::string data_sum; // of the data set; empty: not known
};

struct checkpoint_manifest {
  struct part {
    std::string name, file;
    std::uint64_t bytes = 0;
    std::string sum;
  };

  std::int64_t step = 0;
  std::map<std::string, std::string> words;
  checkpoint_facts facts;
  std::vector<part> parts;
};

struct checkpoint {
  std::string path;
  checkpoint_manifest manifest;
  std::shared_ptr<const saved_run> state;
};

struct listed_checkpoint {
  std::int64_t step = 0;
  std::string path;
};

// Writes one into the folder of checkpoints, which is made where there is none; one of the same step is replaced.
// Returns its path. On failure nothing of it stays.
result<std::string> write_checkpoint(const std::string& checkpoints, const saved_run&, const checkpoint_facts&);

// By step, the oldest first: what has the name of one. None where there is no such folder.
std::vector<listed_checkpoint> list_checkpoints(const std::string& checkpoints);

// Reads all of one and checks it against its sums. A message names the file at fault.
result<checkpoint> read_checkpoint(const std::string& path);
result<checkpoint_manifest> read_checkpoint_manifest(const std::string& path);
// The same without keeping it.
status verify_checkpoint(const std::string& path);

// XXH3 of a file's bytes, as hexadecimal digits: what the manifest has of each part.
result<std::string> sum_of_file(const std::string& path);

struct newest_checkpoint {
  checkpoint found;
  std::vector<std::string> refused; // why newer ones were not taken, a line each
};
// The newest that is whole. Fails where there is none, and says why those that are there are not.
result<newest_checkpoint> read_newest_checkpoint(const std::string& checkpoints);

// Removes all but the newest so many; all of them at least 1.
status keep_newest_checkpoints(const std::string& checkpoints, std::size_t count);
// Removes those of a later step, which a run that goes on from `step` makes anew.
status remove_checkpoints_after(const std::string& checkpoints, std::int64_t step);

} // namespace syngrad
