#include "tools/trace/analysis/hop_times.hpp"

#include "runtime/trace/trace_vocabulary.hpp"

#include <algorithm>

namespace syngrad::tools {

void hop_times::take(const trace_record& record) {
  const bool hops = record.type == static_cast<std::uint8_t>(trace_message::activation) ||
                    record.type == static_cast<std::uint8_t>(trace_message::gradient);
  if (record.kind == record_kind::send && hops) {
    const int receiver = groups_->position_of(record.peer);
    if (receiver < 0 || states_[static_cast<std::size_t>(receiver)].busy) return;
    on_their_way_[record.message] = {record.time_ns, states_[static_cast<std::size_t>(receiver)].handled,
                                     running_ < threads_};
  }
  if (record.kind != record_kind::begin && record.kind != record_kind::end) return;
  const bool begins = record.kind == record_kind::begin;
  running_ = std::max(running_ + (begins ? 1 : -1), 0);
  const int group = groups_->position_of(record.actor);
  if (group < 0) return;
  auto& now = states_[static_cast<std::size_t>(group)];
  now.busy = begins;
  if (!begins) return;
  if (hops)
    if (const auto sent = on_their_way_.find(record.message); sent != on_their_way_.end()) {
      if (sent->second.handled == now.handled)
        (sent->second.free_thread ? with_thread_ : without_thread_).push_back(record.time_ns - sent->second.sent_ns);
      on_their_way_.erase(sent);
    }
  ++now.handled;
}

} // namespace syngrad::tools
