#include "tools/trace/analysis/turn_parts.hpp"

namespace syngrad::tools {

turn_parts::part turn_parts::take(const trace_record& record, int group) {
  auto& now = states_[static_cast<std::size_t>(group)];
  part ended;
  switch (record.kind) {
  case record_kind::begin:
    now.in_handler = true;
    break;
  case record_kind::end:
    if (record.value == static_cast<std::uint32_t>(waiting_reason::credit) && !now.waits_for_credit) {
      now.waits_for_credit = true;
      now.forward_begin_ns = now.part_begin_ns;
      now.forward_end_ns = record.time_ns;
      ++now.begun;
    }
    now.in_handler = false;
    break;
  case record_kind::send:
    if (!now.in_handler) return {}; // by the thread of a stream
    if (record.type == static_cast<std::uint8_t>(trace_message::activation)) ended = end_forward(now, record);
    break;
  default: // update
    ended.what = part::kind::backward;
    ended.batch = record.batch;
    ended.begin_ns = now.in_handler ? now.part_begin_ns : record.time_ns;
    ended.end_ns = record.time_ns;
    if (groups_->is_top(group)) ++now.begun;
    break;
  }
  now.part_begin_ns = record.time_ns;
  ended.group = group;
  ended.begun = now.begun;
  return ended;
}

turn_parts::part turn_parts::end_forward(state& now, const trace_record& sent) {
  const bool trains = sent.batch != no_trace_batch;
  part ended;
  if (trains) {
    ended.what = part::kind::forward;
    ended.batch = sent.batch;
    ended.begin_ns = now.waits_for_credit ? now.forward_begin_ns : now.part_begin_ns;
    ended.end_ns = now.waits_for_credit ? now.forward_end_ns : sent.time_ns;
  }
  if (trains && !now.waits_for_credit) ++now.begun;
  if (!trains && now.waits_for_credit) --now.begun; // counted before it was known to be an evaluation's
  now.waits_for_credit = false;
  return ended;
}

} // namespace syngrad::tools
