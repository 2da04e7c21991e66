// Where the time of actors and messages goes: over a run, and of a run that goes on.
#pragma once

#include "runtime/trace/trace_vocabulary.hpp"
#include "tools/trace/analysis/log_histogram.hpp"
#include "tools/trace/trace_run.hpp"

#include <cstdint>
#include <map>
#include <optional>
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

// What a run does at the moment, from what was recorded since the last look.

struct live_actor {
  std::string name;
  double handled_a_second = 0;
  std::int64_t waiting = 0; // messages, now
  double busy = 0;          // share of the time since the last look
};

struct live_numbers {
  double seconds = 0; // since the run's first record
  double span_s = 0;  // since the last look
  double records_a_second = 0, messages_a_second = 0, batches_a_second = 0;
  std::vector<live_actor> actors; // that have handled anything so far, in the order of their ids
};

// One thread at a time.
class live_view {
public:
  // Takes what was recorded from the last `until_ns` (the first time: from the start) to this one.
  live_numbers look(const trace_run&, std::int64_t until_ns);

private:
  struct state {
    std::int64_t waiting = 0;
    std::optional<std::int64_t> busy_since_ns;
    std::int64_t busy_ns = 0, handled = 0; // since the last look
    bool seen = false;
  };
  void take(const trace_record&, const trace_names&);
  void arrive(std::uint32_t actor);

  std::map<std::uint32_t, state> actors_;
  std::optional<std::int64_t> last_ns_;
  std::int64_t records_ = 0, messages_ = 0, batches_ = 0; // since the last look
};

// A headline and a table; every line ends with a line break.
std::string text_of(const live_numbers&, const trace_run&);

} // namespace syngrad::tools
