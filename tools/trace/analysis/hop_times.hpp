// How long a message between groups takes to its handling when nothing is in its way: counted from its send or, where
// its sender's handler went on and kept the thread, from the end of that; only where its receiver handled nothing, and
// no other handler began before it. One thread.
#pragma once

#include "tools/trace/analysis/group_table.hpp"

#include <algorithm>
#include <cstdint>
#include <unordered_map>
#include <vector>

namespace syngrad::tools {

class hop_times {
public:
  explicit hop_times(const group_table& groups) : groups_(&groups), states_(groups.groups().size()) {}

  void take(const trace_record&);
  // Where every message had to wait for a thread: the shortest of those waits alone, which comes nearest to a hop.
  std::vector<std::int64_t> found() const {
    if (!undisturbed_.empty() || waited_for_thread_.empty()) return undisturbed_;
    return {*std::min_element(waited_for_thread_.begin(), waited_for_thread_.end())};
  }

private:
  struct state {
    bool busy = false;
    std::int64_t handled = 0;
    std::vector<std::uint64_t> sent; // in the handler that goes on
  };
  struct sent_message {
    std::int64_t released_ns;
    std::int64_t begun;   // handlers of all actors, at that moment
    std::int64_t handled; // by the receiver, when it was sent
  };

  void take_send(const trace_record&);
  void take_begin(const trace_record&, state* receiver);
  void take_end(const trace_record&, state& sender);
  state* state_of(std::uint32_t actor) {
    const int group = groups_->position_of(actor);
    return group < 0 ? nullptr : &states_[static_cast<std::size_t>(group)];
  }

  const group_table* groups_;
  std::vector<state> states_;
  std::int64_t begun_ = 0;
  std::unordered_map<std::uint64_t, sent_message> on_their_way_;
  std::vector<std::int64_t> undisturbed_, waited_for_thread_;
};

} // namespace syngrad::tools
