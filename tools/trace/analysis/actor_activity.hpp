// What one actor does at each moment, from its arrivals, begins and ends in the order of time. Part of utilisation.
#pragma once

#include "runtime/trace/trace_record.hpp"
#include "tools/trace/analysis/time_buckets.hpp"

#include <array>
#include <cstdint>

namespace syngrad::tools {

//  state              event      next state
//  idle               arrival    ready           before its first message
//  starved, blocked   arrival    ready
//  any                begin      busy
//  busy               end        ready where another message waits; else starved or blocked, as the end says
class actor_activity {
public:
  enum state : std::uint8_t { idle, busy, starved, blocked, ready, state_count };

  actor_activity(std::int64_t begin_ns, std::int64_t span_ns, int buckets)
    : begin_ns_(begin_ns), since_ns_(begin_ns), busy_over_time_(begin_ns, span_ns, buckets) {}

  void arrive(std::int64_t time_ns) {
    ++waiting_;
    if (state_ != busy && state_ != ready) go(ready, time_ns);
  }
  void leave() { --waiting_; } // one that had arrived is handled, or went elsewhere

  void begin(const trace_record& record) {
    go(busy, record.time_ns);
    message_ = record.message;
    took_part_ = true;
  }

  // `weight`: how many handlers this one stands for, in a sample.
  void end(const trace_record& record, double weight) {
    ++handled_;
    if (!took_part_) { // it began before what is looked at
      sums_ = {};
      since_ns_ = begin_ns_;
      state_ = busy;
      message_ = record.message;
      took_part_ = true;
    }
    if (state_ != busy || record.message != message_) return; // the next one has begun at the same moment
    const auto reason = static_cast<waiting_reason>(record.value);
    weight_ = weight;
    go(waiting_ > 0 ? ready : reason == waiting_reason::credit ? blocked : starved, record.time_ns);
    weight_ = 1;
  }

  void finish(std::int64_t end_ns) {
    if (state_ != busy) state_ = idle; // after its last message
    go(idle, end_ns);
  }

  bool took_part() const { return took_part_; } // began or ended anything
  std::int64_t handled() const { return handled_; }
  double time_in(state which) const { return sums_[which]; } // ns
  std::vector<float> busy_over_time() const { return busy_over_time_.means(); }

private:
  void go(state next, std::int64_t time_ns) {
    sums_[state_] += weight_ * static_cast<double>(time_ns - since_ns_);
    if (state_ == busy) busy_over_time_.add(since_ns_, time_ns, weight_);
    state_ = next;
    since_ns_ = time_ns;
  }

  state state_ = idle;
  bool took_part_ = false;
  std::int64_t begin_ns_, since_ns_;
  std::int64_t waiting_ = 0, handled_ = 0;
  std::uint64_t message_ = 0; // in its handler
  double weight_ = 1;
  std::array<double, state_count> sums_{};
  time_buckets busy_over_time_;
};

} // namespace syngrad::tools
