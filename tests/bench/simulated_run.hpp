// A training run that never was, as a trace of any length: groups, their predictors, a source and a coordinator
// exchange the messages of the synthetic policy on a few threads, with drawn durations. Deterministic. One thread.
//
//  message              handled by     sends, in this order
//  train, credit        source         activation to group 0
//  activation           group          predict, activation up; the top: update, gradient down, batch_done, credit to
//                                      the source: a new batch for each that is done
//  predict              predictor      synthetic_gradient
//  synthetic_gradient   group          update, gradient down, work_done to itself, credit down
//  gradient             group          target to its predictor, and a metric record
//  the rest             any            nothing
#pragma once

#include "runtime/random.hpp"
#include "runtime/trace/trace_file.hpp"
#include "runtime/trace/trace_vocabulary.hpp"

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

namespace syngrad::bench {

class simulated_run {
public:
  struct settings {
    std::string folder; // exists
    std::int64_t records = 10'000'000;
    int groups = 6;
    int threads = 4;
    int batches_under_way = 6;
  };

  // Simulates until there are so many records, and writes them; an exception where the disk refuses.
  static void write(const settings&);

private:
  struct message {
    std::uint64_t id = 0, parent = 0;
    std::uint32_t sender = 0, batch = no_trace_batch, bytes = 0;
    std::uint16_t interface = no_interface;
    trace_message type{};
  };
  struct actor {
    actor_role role = actor_role::other;
    int index = 0;
    std::deque<message> mailbox;
    bool runs = false;
    std::uint64_t sequence = 0;
    std::uint32_t version = 0;
  };
  struct thread {
    std::int64_t until_ns = 0; // the end of its handler; far away: it has none
    std::uint16_t actor = 0;
    message handled;
    std::vector<trace_record> records;
    std::uint64_t written = 0;
  };

  explicit simulated_run(const settings&);
  void run();
  void start(thread&);
  void finish(thread&);
  void act(thread&);
  void update(thread&);
  void send(thread&, std::uint16_t to, trace_message, std::uint32_t bytes);
  void add(thread&, const trace_record&);
  void flush(thread&);
  trace_record record_of(const thread&, record_kind) const;

  std::uint16_t group(int index) const { return static_cast<std::uint16_t>(2 + index); }
  std::uint16_t predictor(int index) const { return static_cast<std::uint16_t>(2 + settings_.groups + index); }

  settings settings_;
  random_source random_{1, 1};
  std::vector<actor> actors_; // 0: coordinator, 1: source, then groups, then predictors
  std::vector<thread> threads_;
  std::deque<std::uint16_t> ready_; // actors with a message and without a thread
  std::int64_t now_ns_ = 1'000'000'000;
  std::uint32_t next_batch_ = 0;
  std::int64_t records_ = 0;
  result<trace_writer> writer_;
};

} // namespace syngrad::bench
