// What goes into a run's trace: messages, and updates of weights with what was measured of their gradients.
//
// message_tracer records the messages of one actor: when each was sent, or came from another node, and when it was
// handled. It finds what to record in the message itself, so that no handler records anything.
//
// Threads: sent() on the sender's; the rest on the actor's. The recorder, if there is one, outlives the actor.
#pragma once

#include "actors/run_edges.hpp"
#include "runtime/device.hpp"
#include "runtime/trace/trace_recorder.hpp"
#include "runtime/trace/trace_vocabulary.hpp"
#include "runtime/trace/work_log.hpp"

#include <caf/all.hpp>

#include <cstdint>
#include <string>
#include <typeinfo>

namespace syngrad {

struct message_context;

// What a trace calls messages of that type.
trace_message trace_name_of(const std::type_info&);

// What an actor of a run is made with, whatever it does: its number, what records it, the edges beside it.
struct actor_context {
  std::uint16_t number = 0;            // in its process
  trace_recorder* trace = nullptr;     // null: nothing is recorded
  std::uint8_t node = 0;               // its process's, also where nothing is recorded
  work_timer* work = nullptr;          // of the actor's stream; null: it has none, or one that works inline
  profiler_ranges* profiler = nullptr; // of its device
  // The edges that its messages come over: of a group those below and above; beside a group that above it.
  edge_id below = no_edge, above = no_edge;
  bool link_below = false, link_above = false; // an emulated link delivers what the neighbour there sends

  std::uint8_t process() const { return trace ? trace->node() : node; }
};

class message_tracer {
public:
  // Gives the recorder the actor's name.
  message_tracer(actor_context, actor_role, int index, const std::string& title);

  bool on() const { return recorder_ && recorder_->on(); }
  std::uint64_t origin() const { return origin_; } // of the ids of the actor's messages

  void sent(const caf::mailbox_element&, std::int64_t now_ns);
  void begins(const caf::mailbox_element&, std::int64_t now_ns, std::uint32_t weight_version);
  void ends(std::int64_t now_ns, std::uint32_t weight_version, waiting_reason);
  // A message goes over a link, which is part of `edge`, with `bytes` on the wire.
  void crosses(record_kind serialize_or_deserialize, const std::type_info&, const message_context&,
               std::uint32_t neighbour, edge_id edge, std::size_t bytes, std::int64_t now_ns);
  void lives(record_kind spawn_or_exit, std::int64_t now_ns);

private:
  bool describe(const caf::mailbox_element&, trace_record&) const; // false: not in the sample
  edge_id edge_of(trace_message) const;
  bool is_delivered(trace_message) const;

  trace_recorder* recorder_;
  work_timer* work_;
  std::uint64_t origin_;
  std::uint32_t id_;
  edge_id below_, above_;
  bool link_below_, link_above_;
  trace_record handled_; // between begins() and ends()
  bool handling_ = false;
};

// What an update or a measure belongs to.
struct update_origin {
  std::uint64_t handled = 0;    // the message that the group handles now
  std::uint64_t activation = 0; // the message that brought the batch to the group
  std::uint64_t batch = 0;
  std::int64_t version = 0;               // of the weights: after the update, or now
  std::uint32_t actor = 0;                // the group
  std::uint16_t interface = no_interface; // above it
};

// Hears of every update of weights, and of what is measured about gradients. Passed in, so that a group neither knows
// nor cares who listens; this base class listens to nothing. Called from any actor's handler, several at a time.
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
