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
// Work runs only in run_one() and synchronize(), a piece at a time, on the thread that calls them; with guarded memory
// that is one thread.
#pragma once

#include "runtime/cpu/cpu_device.hpp"
#include "runtime/device.hpp"
#include "runtime/random.hpp"

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace syngrad::test {

class guarded_memory;

class late_device : public device {
public:
  explicit late_device(std::uint64_t seed);
  // Whose memory() the host cannot read or write, other than by the device's work; no more than `most_bytes`.
  late_device(std::uint64_t seed, std::size_t most_bytes);
  ~late_device() override;

  std::string name() const override { return "late"; }
  operators& ops() override { return *operators_; }
  memory_pool& memory() override { return pool_; }
  memory_pool& host_visible_memory() override { return host_visible_; }
  // Of peers, does what it has to wait for as well.
  void synchronize() override;
  bool records_work() const override { return true; }
  std::unique_ptr<recorded_work> record_work(stream& on, const std::function<void()>& enqueue) override;

  // From now on the work of each reaches the memory of the other, both ways.
  void pair_with(late_device& peer);
  // What is enqueued next on `s` breaks, when its turn comes.
  void break_next_work(stream& s, std::string reason);
  // The same for the piece of work number `number` from now, of whatever stream.
  void break_work(std::uint64_t number, std::string reason);

  // Does one piece of work of a randomly chosen stream that can go on. False where none can.
  bool run_one();
  bool idle() const;
  std::uint64_t works_done() const { return works_done_.load(); }
  static constexpr std::int64_t work_ns = 1000;

private:
  class late_completion;
  class late_mark;
  class late_stream;
  class late_recording;
  class open_memory; // while work runs

  late_device(std::uint64_t seed, std::unique_ptr<memory_source>);
  stream& add_stream(stream_priority) override;
  void do_work(const std::function<void()>& work, const std::string& breaks);

  guarded_memory* guard_; // the source of pool_, where that is guarded
  memory_pool pool_, host_visible_;
  std::unique_ptr<operators> operators_;
  std::mutex running_;       // held while work runs, which may enqueue more
  mutable std::mutex mutex_; // of all that follows
  std::vector<std::unique_ptr<late_stream>> streams_;
  std::vector<late_device*> peers_;
  random_source random_;
  std::atomic<std::uint64_t> works_done_{0};
  std::int64_t clock_ns_ = 0;
  std::string failure_; // empty: none
  std::uint64_t breaks_after_ = 0;
  std::string breaks_because_; // empty: it does not
};

} // namespace syngrad::test
