// A run, checked and built, before any actor exists: which group is where, with which layers, predictor and streams.
#pragma once

#include "actors/handler_gate.hpp"
#include "actors/message_tracer.hpp"
#include "actors/settings.hpp"
#include "actors/summary.hpp"
#include "models/layer_group.hpp"
#include "models/saved_state.hpp"
#include "runtime/data/batch_order.hpp"
#include "runtime/data/dataset.hpp"
#include "runtime/trace/work_log.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace syngrad {

// One layer group. A predictor lives with its group.
struct planned_group {
  std::string units;                       // "0-1"
  device* where = nullptr;                 // null: in another process, and so is all that follows
  std::shared_ptr<layer_group> layers;     //
  std::uint64_t layer_bytes = 0;           // of memory that building the layers took: weights, gradients, moments
  std::shared_ptr<const saved_part> saved; // that it goes on from; null: it begins
  std::uint64_t predictor_bytes = 0;       // likewise the predictor, and those of later gradients
  stream* work = nullptr;                  // high priority
  stream* copies = nullptr;                // high: who is on another device waits for what they bring
  std::shared_ptr<synthetic_gradient_model> predictor; // null at the top, and where the policy does not predict
  stream* predictor_work = nullptr;                    // normal priority
  stream* solver_work = nullptr;                       // low priority
  // Around each message of the group's actor, so that its layers can be read while it runs.
  std::shared_ptr<handler_gate> gate = std::make_shared<handler_gate>();
};

struct run_plan {
  training_settings settings;
  const dataset* data = nullptr; // null: the source is in another process
  device* source_device = nullptr;
  training_observer observer;
  trace_recorder* trace = nullptr;              // null: no trace; else it outlives the run
  std::shared_ptr<update_observer> updates;     // not null
  std::shared_ptr<work_log> work;               // null: no trace
  std::optional<sample_order> order;            // set where there is data; moves to the source
  std::shared_ptr<const objective> trained_for; // not null
  counted_unit unit;                            // of samples
  std::int64_t following = 0;                   // labels of what follows each training sample that go with it
  learning_rate rate{1e-3f};
  learning_rate synthetic_rate{1e-3f};
  std::vector<planned_group> groups;      // all of the run, bottom to top
  std::vector<device*> devices;           // that are used in this process, each once
  std::uint8_t node = 0;                  // this process's number in the run
  bool saves_at_once = false;             // before the first batch
  std::string signature;                  // see run_restore
  std::shared_ptr<const saved_run> saved; // that the run goes on from; null: it begins
};

// Everything checked that can be; says which setting is at fault. `data` null: this process has no source.
result<run_plan> make_run_plan(training_settings, network, const dataset* data, const device_places&, training_observer,
                               trace_recorder* trace = nullptr);

} // namespace syngrad
