#include "tools/trace/analysis/hop_times.hpp"

#include "runtime/trace/trace_vocabulary.hpp"

namespace syngrad::tools {

void hop_times::take(const trace_record& record) {
  switch (record.kind) {
  case record_kind::send:
    take_send(record);
    break;
  case record_kind::begin:
    take_begin(record, state_of(record.actor));
    break;
  case record_kind::end:
    if (auto* sender = state_of(record.actor)) take_end(record, *sender);
    break;
  default:
    break;
  }
}

void hop_times::take_send(const trace_record& record) {
  if (record.type != static_cast<std::uint8_t>(trace_message::activation) &&
      record.type != static_cast<std::uint8_t>(trace_message::gradient))
    return;
  const auto* receiver = state_of(record.peer);
  auto* sender = state_of(record.actor);
  if (!receiver || !sender || receiver->busy) return;
  on_their_way_[record.message] = {record.time_ns, begun_, receiver->handled};
  sender->sent.push_back(record.message);
}

void hop_times::take_begin(const trace_record& record, state* receiver) {
  if (receiver) {
    if (const auto sent = on_their_way_.find(record.message); sent != on_their_way_.end()) {
      const auto wait = record.time_ns - sent->second.released_ns;
      if (sent->second.handled == receiver->handled)
        (sent->second.begun == begun_ ? undisturbed_ : waited_for_thread_).push_back(wait);
      on_their_way_.erase(sent);
    }
    receiver->busy = true;
    ++receiver->handled;
  }
  ++begun_;
}

void hop_times::take_end(const trace_record& record, state& sender) {
  sender.busy = false;
  for (const auto message : sender.sent)
    if (const auto sent = on_their_way_.find(message); sent != on_their_way_.end()) {
      sent->second.released_ns = record.time_ns;
      sent->second.begun = begun_;
    }
  sender.sent.clear();
}

} // namespace syngrad::tools
