// Marks where in a stream's order the work of each handler begins and ends.
//
// Threads: its actor's.
#pragma once

#include "runtime/stream.hpp"
#include "runtime/trace/trace_record.hpp"

#include <memory>

namespace syngrad {

class work_log;

struct timed_work {
  std::shared_ptr<time_mark> start, end;
  trace_record record; // but for its times
};

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

} // namespace syngrad
