#include "actors/message_tracer.hpp"

#include "actors/messages.hpp"
#include "actors/time_account.hpp"

#include <array>
#include <bit>
#include <typeinfo>
#include <utility>

namespace syngrad {

namespace {

// What a trace says of a message type.
struct description {
  const std::type_info* type = nullptr;
  trace_message name = trace_message::other;
  std::size_t (*bytes)(const void* message) = nullptr; // of its tensors
};

template <class M>
std::size_t bytes_of(const void* message) {
  return tensor_bytes(*static_cast<const M*>(message));
}

// By the address of its type_info, which in one program is one for each type. A power of two of slots, a third full.
class type_table {
public:
  type_table() {
    add<activation>(trace_message::activation);
    add<gradient>(trace_message::gradient);
    add<audit_gradient>(trace_message::audit_gradient);
    add<predict>(trace_message::predict);
    add<synthetic_gradient>(trace_message::synthetic_gradient);
    add<target>(trace_message::target);
    add<solve>(trace_message::solve);
    add<solved>(trace_message::solved);
    add<targets_dropped>(trace_message::targets_dropped);
    add<credit>(trace_message::credit);
    add<flush_mark>(trace_message::flush_mark);
    add<batch_done>(trace_message::batch_done);
    add<evaluated>(trace_message::evaluated);
    add<flushed>(trace_message::flushed);
    add<failure>(trace_message::failure);
    add<work_done>(trace_message::work_done);
    add<evaluation_done>(trace_message::evaluation_done);
    add<train>(trace_message::train);
    add<resume_training>(trace_message::resume_training);
    add<stop_training>(trace_message::stop_training);
    add<evaluate>(trace_message::evaluate);
    add<evaluation_begun>(trace_message::evaluation_begun);
    add<training_ended>(trace_message::training_ended);
    add<report_request>(trace_message::report_request);
    add<report>(trace_message::report);
    add<next_target>(trace_message::next_target);
    add<gradients_wanted>(trace_message::gradients_wanted);
    add<batch_alone>(trace_message::batch_alone);
    add<all_sent>(trace_message::all_sent);
    add<evaluation_missed>(trace_message::evaluation_missed);
    add<control_message>(trace_message::control);
  }

  const description* find(const std::type_info* type) const {
    if (!type) return nullptr; // CAF's own types are numbered instead
    for (auto at = slot_of(type);; at = (at + 1) % slots) {
      if (table_[at].type == type) return &table_[at];
      if (!table_[at].type) return nullptr;
    }
  }

private:
  static constexpr std::size_t slots = 128;
  static std::size_t slot_of(const std::type_info* type) {
    return (reinterpret_cast<std::uintptr_t>(type) >> 4) * 0x9e3779b97f4a7c15u >> 57;
  }
  static_assert(slots == 1u << (64 - 57));

  template <class M>
  void add(trace_message name) {
    static_assert(offsetof(M, context) == 0, "a message begins with its context");
    auto at = slot_of(&typeid(M));
    while (table_[at].type) at = (at + 1) % slots;
    table_[at] = {&typeid(M), name, bytes_of<M>};
  }

  std::array<description, slots> table_{};
};

const type_table types;

} // namespace

trace_message trace_name_of(const std::type_info& type) {
  const auto* known = types.find(&type);
  return known ? known->name : trace_message::other;
}

message_tracer::message_tracer(actor_context context, actor_role role, int index, const std::string& title)
  : recorder_(context.trace), work_(context.work), origin_(message_origin(context.process(), context.number)),
    id_(sender_of(origin_)), below_(context.below), above_(context.above), link_below_(context.link_below),
    link_above_(context.link_above) {
  if (recorder_) recorder_->name_actor(id_, {role, index, title});
}

// The edge that a message to this actor came over, or is about.
edge_id message_tracer::edge_of(trace_message type) const {
  switch (type) {
  case trace_message::activation:
  case trace_message::flush_mark:
  case trace_message::gradients_wanted:
    return below_;
  case trace_message::gradient:
  case trace_message::audit_gradient:
  case trace_message::credit:
  case trace_message::predict:
  case trace_message::synthetic_gradient:
  case trace_message::target:
  case trace_message::next_target:
  case trace_message::targets_dropped:
  case trace_message::solve:
  case trace_message::solved:
    return above_;
  default:
    return no_edge;
  }
}

// Whether messages of the type come to this actor over an emulated link.
bool message_tracer::is_delivered(trace_message type) const {
  switch (type) {
  case trace_message::activation:
  case trace_message::flush_mark:
  case trace_message::gradients_wanted:
    return link_below_;
  case trace_message::gradient:
  case trace_message::audit_gradient:
  case trace_message::credit:
    return link_above_;
  default:
    return false;
  }
}

bool message_tracer::describe(const caf::mailbox_element& element, trace_record& out) const {
  const auto& content = element.content();
  out.batch = no_trace_batch;
  out.interface = no_edge;
  if (content.size() != 1) return true;
  const auto* known = types.find(content.type(0).second);
  if (!known) return true;
  const void* message = content.get(0);
  const auto& context = *static_cast<const message_context*>(message);
  out.batch = static_cast<std::uint32_t>(context.batch);
  if (!recorder_->keeps(out.batch)) return false;
  out.message = context.id;
  out.parent = context.parent;
  out.peer = sender_of(context.id);
  out.version = context.version;
  out.value = static_cast<std::uint32_t>(known->bytes(message));
  out.interface = edge_of(known->name);
  out.type = static_cast<std::uint8_t>(known->name);
  return true;
}

void message_tracer::sent(const caf::mailbox_element& element, std::int64_t now_ns) {
  trace_record record;
  if (!describe(element, record) || record.message == 0) return;
  record.time_ns = now_ns;
  if (node_of(record.peer) == node_of(id_) && !is_delivered(static_cast<trace_message>(record.type))) {
    record.kind = record_kind::send;
    record.actor = record.peer;
    record.peer = id_;
  } else { // a link delivers it: it was sent elsewhere, or to the link, and recorded then
    record.kind = record_kind::enqueue;
    record.actor = id_;
  }
  recorder_->record(record);
}

void message_tracer::crosses(record_kind serialize_or_deserialize, const std::type_info& type,
                             const message_context& context, std::uint32_t neighbour, edge_id edge, std::size_t bytes,
                             std::int64_t now_ns) {
  trace_record record;
  record.batch = static_cast<std::uint32_t>(context.batch);
  if (context.id == 0 || !recorder_->keeps(record.batch)) return;
  const auto* known = types.find(&type);
  record.time_ns = now_ns;
  record.kind = serialize_or_deserialize;
  record.actor = id_;
  record.peer = neighbour;
  record.message = context.id;
  record.parent = context.parent;
  record.version = context.version;
  record.value = static_cast<std::uint32_t>(bytes);
  record.interface = edge;
  record.type = static_cast<std::uint8_t>(known ? known->name : trace_message::other);
  recorder_->record(record);
}

void message_tracer::begins(const caf::mailbox_element& element, std::int64_t now_ns, std::uint32_t weight_version) {
  handled_ = {};
  handling_ = describe(element, handled_);
  if (!handling_) return;
  handled_.time_ns = now_ns;
  handled_.kind = record_kind::begin;
  handled_.actor = id_;
  handled_.version = weight_version;
  recorder_->record(handled_);
  if (work_) work_->begin();
}

void message_tracer::ends(std::int64_t now_ns, std::uint32_t weight_version, waiting_reason reason) {
  if (!std::exchange(handling_, false)) return;
  handled_.time_ns = now_ns;
  handled_.kind = record_kind::end;
  handled_.version = weight_version;
  handled_.value = static_cast<std::uint32_t>(reason);
  recorder_->record(handled_);
  if (work_) work_->end(handled_);
}

void message_tracer::lives(record_kind spawn_or_exit, std::int64_t now_ns) {
  if (!on()) return;
  trace_record record;
  record.time_ns = now_ns;
  record.kind = spawn_or_exit;
  record.actor = id_;
  record.batch = no_trace_batch;
  record.interface = no_edge;
  recorder_->record(record);
}

// ---- updates

void recording_observer::updated(const update_origin& origin, applied_gradient applied,
                                 std::uint32_t predictor_version) {
  record(origin, record_kind::update, static_cast<std::uint8_t>(applied), predictor_version);
}

void recording_observer::measured(const update_origin& origin, trace_measure measure, double value) {
  record(origin, record_kind::metric, static_cast<std::uint8_t>(measure),
         std::bit_cast<std::uint32_t>(static_cast<float>(value)));
}

void recording_observer::record(const update_origin& origin, record_kind kind, std::uint8_t type, std::uint32_t value) {
  const auto batch = static_cast<std::uint32_t>(origin.batch);
  if (!recorder_.on() || !recorder_.keeps(batch)) return;
  trace_record out;
  out.time_ns = steady_now_ns();
  out.message = origin.handled;
  out.parent = origin.activation;
  out.actor = origin.actor;
  out.batch = batch;
  out.version = static_cast<std::uint32_t>(origin.version);
  out.value = value;
  out.interface = origin.interface;
  out.kind = kind;
  out.type = type;
  recorder_.record(out);
}

} // namespace syngrad
