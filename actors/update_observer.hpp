// Hears of every update of weights, and of what is measured about gradients. Passed in, so that a group neither knows
// nor cares who listens; this base class listens to nothing.
//
// Threads: called from any actor's handler, several at a time.
#pragma once

#include "runtime/trace/trace_recorder.hpp"

namespace syngrad {

// What an update or a measure belongs to.
struct update_origin {
  std::uint64_t handled = 0;    // the message that the group handles now
  std::uint64_t activation = 0; // the message that brought the batch to the group
  std::uint64_t batch = 0;
  std::int64_t version = 0;               // of the weights: after the update, or now
  std::uint32_t actor = 0;                // the group
  std::uint16_t interface = no_interface; // above it
};

class update_observer {
public:
  virtual ~update_observer() = default;

  // `predictor_version`: targets that the predictor had been trained on; no_predictor_version where none was asked.
  virtual void updated(const update_origin&, applied_gradient, std::uint32_t predictor_version) {
    static_cast<void>(predictor_version);
  }
  virtual void measured(const update_origin&, trace_measure, double value) { static_cast<void>(value); }
};

// Writes all of it into a trace.
class recording_observer : public update_observer {
public:
  explicit recording_observer(trace_recorder& recorder) : recorder_(recorder) {}

  void updated(const update_origin&, applied_gradient, std::uint32_t predictor_version) override;
  void measured(const update_origin&, trace_measure, double value) override;

private:
  void record(const update_origin&, record_kind, std::uint8_t type, std::uint32_t value);

  trace_recorder& recorder_;
};

} // namespace syngrad
