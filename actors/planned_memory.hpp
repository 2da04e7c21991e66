// What a run in one process will hold in memory, told before it: some of its steps are made on a device that does
// nothing and has no memory (idle_device), so that what is counted is what the run itself takes.
//
// Of a deterministic run, in which as many batches wait for their gradient as the policy says. Others hold as many as
// come, at most what credits let in.
#pragma once

#include "actors/settings.hpp"
#include "actors/summary.hpp"
#include "models/network.hpp"
#include "runtime/data/dataset.hpp"
#include "runtime/result.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace syngrad {

// Bytes of one group.
struct group_memory {
  std::string units;           // "0-1"
  std::uint64_t weights = 0;   // and the state that layers have beside them
  std::uint64_t gradients = 0; // of the weights
  std::uint64_t moments = 0;   // of the optimizer
  std::uint64_t predictor = 0; // of the interface above, and of what comes later: weights, their moments, sums, a solve
  std::uint64_t caches = 0;    // what batches keep until their gradient has been handled, at most at once
  std::int64_t in_flight = 0;  // batches then
  std::int64_t most_in_flight = 0; // that credits let in

  std::uint64_t held() const { return weights + gradients + moments + predictor; }
  std::uint64_t most_caches() const { return in_flight == 0 ? 0 : caches / batches() * most_batches(); }

private:
  std::uint64_t batches() const { return static_cast<std::uint64_t>(in_flight); }
  std::uint64_t most_batches() const { return static_cast<std::uint64_t>(most_in_flight); }
};

struct planned_memory {
  std::vector<group_memory> groups;    // bottom to top
  std::uint64_t most_in_use = 0;       // of all that follows at once
  std::uint64_t data_batch = 0;        // a batch of samples with its targets
  std::int64_t data_batches = 0;       // of them: that wait before the first group, and that it keeps
  std::int64_t data_waiting = 0;       // of those
  std::uint64_t samples = 0;           // all of them, where the device has them; 0: not asked for
  std::vector<group_report> rehearsed; // what the groups told of the steps that were made

  std::uint64_t waiting() const { return data_batch * static_cast<std::uint64_t>(data_waiting); }
  std::uint64_t data() const { return data_batch * static_cast<std::uint64_t>(data_batches); }
  // Beyond groups with all their batches, data and samples: while batches are worked on. Groups do not all have most
  // batches at once, which may outweigh it: then 0.
  std::uint64_t workspace() const;
  std::uint64_t held() const;    // by weights, predictors and a single batch
  std::uint64_t at_most() const; // with as many batches in flight as credits let in
};

// `settings.split` is filled in. The network is used up. `data`: whose samples are counted;
// null: none are. Fails as training::prepare() does, and where this process has no addresses for so much.
result<planned_memory> memory_of_run(const training_settings&, network, const dataset* data = nullptr);

} // namespace syngrad
