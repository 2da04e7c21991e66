// Where the time of actors, threads and streams went.
//
// An actor is busy in a handler; ready while a message waits for a thread; starved or blocked while its mailbox is
// empty, by what it said it waits for (waiting_reason of the last `end`); idle before its first message and after its
// last one. A thread is busy while any actor's handler runs on it. A stream is busy while a gpu record says so.
#pragma once

#include "tools/trace/trace_run.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace syngrad::tools {

struct activity { // shares of the span; they add up to 1
  std::string name;
  actor_role role = actor_role::other; // of actors
  std::int64_t handled = 0;            // messages
  double busy = 0, starved = 0, blocked = 0, ready = 0, idle = 0;
  std::vector<float> busy_over_time; // shares, one a bucket
};

struct utilisation {
  std::int64_t begin_ns = 0, span_ns = 0, bucket_ns = 0;
  std::vector<activity> actors;  // groups first, bottom to top; then the others
  std::vector<activity> threads; // rings that handled anything: busy and idle only
  std::vector<activity> streams; // from gpu records: busy and idle only
  // Whether starved, blocked and ready are known: not in a sample (then they are in idle, and busy is an estimate).
  bool complete = true;
};

utilisation measure_utilisation(const trace_run&, const trace_filter&, int buckets = 60);

} // namespace syngrad::tools
