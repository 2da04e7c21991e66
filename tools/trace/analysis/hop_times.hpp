// How long a message between groups takes from its send to its handling when nothing is in its way: its receiver
// handles nothing, and fewer handlers run than there are threads. One thread.
#pragma once

#include "tools/trace/analysis/group_table.hpp"

#include <cstdint>
#include <unordered_map>
#include <vector>

namespace syngrad::tools {

class hop_times {
public:
  hop_times(const group_table& groups, int threads)
    : groups_(&groups), threads_(threads), states_(groups.groups().size()) {}

  void take(const trace_record&);
  // Those with a free thread; where there is none of these, those with a free receiver.
  std::vector<std::int64_t>& found() { return with_thread_.empty() ? without_thread_ : with_thread_; }

private:
  struct state {
    bool busy = false;
    std::int64_t handled = 0;
  };
  struct sent_message {
    std::int64_t sent_ns, handled; // the receiver's count at that moment
    bool free_thread;
  };

  const group_table* groups_;
  int threads_;
  int running_ = 0;
  std::vector<state> states_;
  std::unordered_map<std::uint64_t, sent_message> on_their_way_;
  std::vector<std::int64_t> with_thread_, without_thread_;
};

} // namespace syngrad::tools
