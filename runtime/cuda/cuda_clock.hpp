// Times of a CUDA device on the host's clock: events with times, and an anchor that is renewed as long as anybody asks.
//
// The anchor's event is recorded on a stream of its own that does nothing else, and the completion thread, which polls
// closely, says when it has passed. Nobody waits.
//
// Threads: mark() from any stream's owner; the rest from any.
#pragma once

#include "runtime/cuda/clock_anchor.hpp"
#include "runtime/cuda/cuda_stream.hpp"
#include "runtime/stream.hpp"

#include <memory>
#include <mutex>
#include <optional>

namespace syngrad::cuda {

class cuda_stream;

class cuda_clock : public std::enable_shared_from_this<cuda_clock> {
public:
  // `quiet`: a stream without work. Both outlive the clock.
  cuda_clock(event_pool& timed_events, cuda_stream& quiet) : events_(timed_events), quiet_(quiet) {}

  // A mark on `on`; one that is not ready before the first anchor is known.
  std::shared_ptr<time_mark> mark(cuda_stream& on);

  bool has_anchor() const;
  // When `passed` did; nothing where the device cannot tell any more.
  std::optional<time_mark::moment> time_of(const cuda_event& passed) const;

private:
  struct anchor {
    clock_anchor times;
    std::shared_ptr<cuda_event> point;
  };

  void renew_anchor(std::int64_t now_ns);
  void anchor_seen(anchor seen);

  event_pool& events_;
  cuda_stream& quiet_;
  mutable std::mutex mutex_;
  std::optional<anchor> anchor_;
  std::int64_t renewed_ns_ = 0;
  bool renewing_ = false;
};

} // namespace syngrad::cuda
