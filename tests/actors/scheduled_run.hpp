// A run under CAF's deterministic test scheduler: single-threaded, one message at a time, in an order that a seeded
// generator picks among all actors that have one. Thousands of such schedules stand for what threads may do.
#pragma once

#include "actors/assembly.hpp"
#include "runtime/random.hpp"
#include "tests/support/late_device.hpp"

#include <caf/scheduler/test_coordinator.hpp>

#include <functional>
#include <optional>
#include <string>

namespace syngrad::test {

struct run_result {
  training_summary summary;
  std::vector<float> weights;        // of all groups that are not lost, in order
  std::string stuck;                 // empty, or who waits for whom where nothing could go on
  replay_cache::counters recordings; // of all groups and predictors
};

// The links across an interface (between group `interface` and the one above it) are lost at the `at`th message
// handled, and back at the `until`th, or earlier where nothing else can go on.
struct network_cut {
  int interface = 0;
  std::uint64_t at = 0, until = 0;
};

struct schedule {
  std::uint64_t seed = 1;
  std::optional<std::uint64_t> interrupt_at; // messages handled before Ctrl-C
  late_device* late = nullptr;               // its work is interleaved with the messages
  late_device* late_peer = nullptr;          // likewise
  trace_recorder* trace = nullptr;
  std::vector<int> member_of = {}; // of each group; empty: all in one, which is 0 and has the source
  std::vector<network_cut> cuts = {};
  std::shared_ptr<const saved_run> from = nullptr; // what the run goes on from, all in one; null: it begins
};

// Runs to the end, or until nothing can go on.
run_result run_scheduled(training_settings, const std::string& model, const dataset&, device&, const schedule&,
                         training_observer = {});

run_result run_scheduled(training_settings, const std::string& model, const dataset&, const device_places&,
                         const schedule&, training_observer = {});

} // namespace syngrad::test
