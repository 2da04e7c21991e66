// Where the time of actors and messages goes: each analysis is in a .cpp of its own.
#pragma once

#include "runtime/trace/trace_vocabulary.hpp"
#include "tools/trace/analysis/log_histogram.hpp"
#include "tools/trace/trace_run.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace syngrad::tools {

// Where the time of actors, threads and streams went.
//
// An actor is busy in a handler; ready while a message waits for a thread; starved or blocked while its mailbox is
// empty, by what it said it waits for (waiting_reason of the last `end`); idle before its first message and after its
// last one. A thread is busy while any actor's handler runs on it. A stream is busy while a gpu record says so.

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

// How long messages take, by type: from send to the end of their handling, in parts.

struct message_latency {
  log_histogram wire;    // send to enqueue, where nodes are between (a link's records); else empty
  log_histogram queue;   // (enqueue or) send to begin
  log_histogram handler; // begin to end
  log_histogram device;  // gpu work that the handler enqueued, from its end to the end of the work; empty on a CPU
  log_histogram total;   // send to end
};

struct latencies {
  std::map<trace_message, message_latency> by_type;
  std::int64_t unmatched = 0; // handled or sent without their counterpart in the trace
};

latencies measure_latency(const trace_run&, const trace_filter&);

// Messages that wait before each actor, over time, and Little's law as a check of the trace itself: the mean depth is
// the arrival rate times the mean wait.

struct queue_of_actor {
  std::uint32_t actor = 0;
  std::string name;
  std::int64_t arrivals = 0, deepest = 0;
  double mean_depth = 0;        // over time
  double rate = 0;              // arrivals a second
  double mean_wait_ns = 0;      // send to begin
  double little_depth = 0;      // rate * mean wait
  std::vector<float> over_time; // mean depth in each bucket
};

struct queue_depths {
  std::int64_t begin_ns = 0, span_ns = 0, bucket_ns = 0;
  std::vector<queue_of_actor> actors; // groups first, bottom to top; then the others
};

queue_depths measure_queues(const trace_run&, const trace_filter&, int buckets = 60);

// What held a run up most, in words and with what may help: from the shares of time of its actors and threads.

struct bottleneck {
  double share = 0; // of the time
  std::string text; // a sentence
};

// The largest first, at most `most`. Shares below 2 % are none.
std::vector<bottleneck> find_bottlenecks(const utilisation&, const trace_names&, std::size_t most = 3);

} // namespace syngrad::tools
