#include "runtime/trace/work_timer.hpp"

#include "runtime/trace/work_log.hpp"

#include <utility>

namespace syngrad {

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
