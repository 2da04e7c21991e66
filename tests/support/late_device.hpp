// A simulated asynchronous device: its streams keep their work and do it late, in an order between streams that a
// seeded generator picks. What a handler does wrongly inline on the CPU (reading before the work is done, reusing
// memory too early, forgetting to wait) shows here as a wrong result.
//
// It fails as a GPU does, too: work breaks after the call that enqueued it has returned, what follows is not done, its
// events pass all the same, and every later call throws.
//
// It has a clock, which follows the host's: each piece of work takes a thousand nanoseconds or more, one after the
// other.
//
// It records work, too: what is enqueued meanwhile is kept, and a replay does all of it in one piece.
//
// Two late devices are peers: streams of one wait for events of the other and copy from its memory.
//
// Work runs only in run_one() and synchronize(), on the thread that calls them.
#pragma once

#include "runtime/device.hpp"
#include "runtime/host_stream.hpp"
#include "runtime/random.hpp"

#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace syngrad::test {

class late_device : public device {
public:
  explicit late_device(std::uint64_t seed);
  ~late_device() override;

  std::string name() const override { return "late"; }
  operators& ops() override { return *operators_; }
  memory_pool& memory() override { return pool_; }
  void synchronize() override;
  bool records_work() const override { return true; }
  std::unique_ptr<recorded_work> record_work(stream& on, const std::function<void()>& enqueue) override;

  // What is enqueued next on `s` breaks, when its turn comes.
  void break_next_work(stream& s, std::string reason);

  // Does one piece of work of a randomly chosen stream that can go on. False where none can.
  bool run_one();
  bool idle() const;
  std::uint64_t works_done() const { return works_done_; }
  static constexpr std::int64_t work_ns = 1000;

private:
  class late_stream;
  class late_recording;

  stream& add_stream(stream_priority) override;

  memory_pool pool_;
  std::unique_ptr<operators> operators_;
  mutable std::recursive_mutex mutex_; // completions may send messages, which may enqueue
  std::vector<std::unique_ptr<late_stream>> streams_;
  random_source random_;
  std::uint64_t works_done_ = 0;
  std::int64_t clock_ns_ = 0;
  std::string failure_; // empty: none
};

} // namespace syngrad::test
