// Writes down when a device did the work of each handler: a gpu record (trace_record.hpp) for every message whose
// handler enqueued anything on its actor's stream. Nobody waits: marks are asked now and then whether they have passed.
//
// Records of a ring are in the order of their times, and these are known late. So they have a ring of their own, and
// one is written only when no work that is still under way can have ended before it.
//
// Threads: timer_of() before the run; flush() when the actors are gone and the device is done. A timer is its actor's.
#pragma once

#include "runtime/stream.hpp"
#include "runtime/trace/trace_record.hpp"
#include "runtime/trace/trace_recorder.hpp"

#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace syngrad {

class work_log;

struct timed_work {
  std::shared_ptr<time_mark> start, end;
  trace_record record; // but for its times
};

// Marks where in a stream's order the work of each handler begins and ends.
class work_timer final : public work_watcher {
public:
  work_timer(work_log& log, stream& of, std::uint32_t number) : log_(log), stream_(of), number_(number) {}

  // A handler begins; what is enqueued until end() is its work.
  void begin();
  // It has ended, as `handled`, the record of its end, says.
  void end(const trace_record& handled);

  void before_operator() override;

private:
  work_log& log_;
  stream& stream_;
  std::uint32_t number_;
  std::shared_ptr<time_mark> start_; // null: nothing enqueued yet
  std::uint32_t operators_ = 0;
};

class work_log {
public:
  explicit work_log(trace_recorder& recorder) : recorder_(recorder) {}

  // The timer of a stream, which the trace calls `title`; null where its device does work as it is enqueued.
  work_timer* timer_of(stream&, const std::string& title);
  // For timers: the work of a handler that ended at `now_ns`.
  void add(timed_work finished, std::int64_t now_ns);
  // Writes all that is known by now.
  void flush();

private:
  void collect(); // this and the next with the mutex held
  void write_until(std::int64_t time_ns);

  trace_recorder& recorder_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<work_timer>> timers_;
  std::vector<std::deque<timed_work>> under_way_; // by stream, in its order
  std::vector<trace_record> done_;                // a heap: the earliest first
  trace_ring* ring_ = nullptr;
  std::int64_t asked_ns_ = 0;   // when marks were asked last
  std::int64_t written_ns_ = 0; // time of the last record
};

} // namespace syngrad
