// Which handler let which begin: every handled message of a stretch of time, compact, in the order of their begins.
//
// Memory: 72 bytes a handled message (10 million records: some 250 MB), 40 a message on its way.
#pragma once

#include "tools/trace/trace_run.hpp"

#include <cstdint>
#include <unordered_map>
#include <vector>

namespace syngrad::tools {

inline constexpr std::int64_t unknown_time = std::numeric_limits<std::int64_t>::min();

struct handling {
  std::uint64_t message = 0;
  std::int64_t sent_ns = unknown_time;    // by its sender
  std::int64_t arrived_ns = unknown_time; // at its receiver's node
  std::int64_t begin_ns = 0, end_ns = unknown_time;
  std::int32_t sender = -1;   // the handling that sent it, or the sender's latest before; -1: unknown
  std::int32_t previous = -1; // of the same actor; -1: none
  std::uint32_t actor = 0, peer = 0, batch = no_trace_batch, version = 0;
  std::uint16_t interface = no_interface;
  std::uint8_t type = 0;
};

class handling_graph {
public:
  // Of the records of `window`, which narrows by time and node only. A handler that had begun before is taken to begin
  // with the window; one that goes on after it, to end with it.
  handling_graph(const trace_run&, const trace_filter& window, std::int64_t begin_ns, std::int64_t end_ns);

  const std::vector<handling>& all() const { return all_; }
  const handling& at(std::int32_t number) const { return all_[static_cast<std::size_t>(number)]; }
  // The handling in progress at `actor` at a time, or its latest before; -1: none.
  std::int32_t at_time(std::uint32_t actor, std::int64_t time_ns) const;
  // When nothing was in the way any more: the message had arrived and the actor's handler before had ended. The handler
  // begins later where it has to wait for a thread.
  std::int64_t released_ns(const handling&) const;
  // The actor's handler before ended after the message had arrived.
  bool waited_for_actor(const handling&) const;
  // How much later each handling could have ended without moving `end_ns`: waits for threads stay as they are.
  std::vector<std::int64_t> slack(std::int64_t end_ns) const;

private:
  struct sent_message {
    std::int64_t sent_ns, arrived_ns;
    std::int32_t sender;
  };
  void take_send(const trace_record&);
  void take_begin(const trace_record&);
  void take_end(const trace_record&);
  void take_unknown(std::uint32_t actor); // in a handler since before the window

  std::int64_t begin_ns_;
  std::vector<handling> all_;
  std::unordered_map<std::uint64_t, sent_message> on_their_way_;
  std::unordered_map<std::uint32_t, std::int32_t> latest_; // by actor
};

} // namespace syngrad::tools
