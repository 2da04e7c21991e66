#include "runtime/trace/work_log.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <limits>
#include <utility>

namespace syngrad {

namespace {

// Asking all streams costs some microseconds, and nobody is in a hurry.
constexpr std::int64_t ask_every_ns = 1'000'000;
// What had not passed when it was asked ends later than that, but for what the device's clock is not known by.
constexpr std::int64_t clock_slack_ns = 200'000;

bool ends_later(const trace_record& a, const trace_record& b) {
  return a.time_ns > b.time_ns;
}

std::string fact_of(std::uint8_t node, std::uint32_t stream) {
  return fmt::format("stream.{}.{}", node, stream);
}

} // namespace

work_timer* work_log::timer_of(stream& of, const std::string& title) {
  if (!of.mark_time()) return nullptr;
  if (!ring_) ring_ = recorder_.open_ring("device work");
  const auto number = actor_id(recorder_.node(), static_cast<std::uint16_t>(timers_.size()));
  timers_.push_back(std::make_unique<work_timer>(*this, of, number));
  under_way_.emplace_back();
  recorder_.add_fact(fact_of(recorder_.node(), static_cast<std::uint32_t>(timers_.size() - 1)), title);
  return timers_.back().get();
}

void work_log::add(timed_work finished, std::int64_t now_ns) {
  const std::lock_guard lock(mutex_);
  under_way_[finished.record.peer & 0xffff].push_back(std::move(finished));
  if (now_ns - asked_ns_ < ask_every_ns) return;
  asked_ns_ = now_ns;
  collect();
  write_until(now_ns - clock_slack_ns);
}

void work_log::flush() {
  const std::lock_guard lock(mutex_);
  collect();
  write_until(std::numeric_limits<std::int64_t>::max());
}

void work_log::collect() {
  for (auto& works : under_way_) {
    while (!works.empty() && works.front().end->ready()) {
      const auto start = works.front().start->time(), end = works.front().end->time();
      auto record = works.front().record;
      works.pop_front();
      if (!start || !end) continue;
      record.time_ns = end->host_ns;
      record.parent = static_cast<std::uint64_t>(std::max<std::int64_t>(end->host_ns - start->host_ns, 0));
      record.version = static_cast<std::uint32_t>(std::min<std::int64_t>(end->uncertainty_ns, 0xffffffff));
      done_.push_back(record);
      std::push_heap(done_.begin(), done_.end(), ends_later);
    }
  }
}

void work_log::write_until(std::int64_t time_ns) {
  while (!done_.empty() && done_.front().time_ns <= time_ns) {
    std::pop_heap(done_.begin(), done_.end(), ends_later);
    auto& next = done_.back();
    next.time_ns = written_ns_ = std::max(next.time_ns, written_ns_);
    if (ring_) ring_->push(next);
    done_.pop_back();
  }
}

// ---- work_timer

void work_timer::begin() {
  start_ = nullptr;
  operators_ = 0;
  stream_.watch(this);
}

// The first operator comes after the waits for its inputs: waiting is no work.
void work_timer::before_operator() {
  if (operators_++ == 0) start_ = stream_.mark_time();
}

void work_timer::end(const trace_record& handled) {
  stream_.watch(nullptr);
  auto start = std::exchange(start_, nullptr);
  if (!start) return;
  auto record = handled;
  record.kind = record_kind::gpu;
  record.peer = number_;
  record.value = operators_;
  log_.add({std::move(start), stream_.mark_time(), record}, handled.time_ns);
}

} // namespace syngrad
