#include "tests/support/late_device.hpp"

#include "runtime/cpu/cpu_device.hpp"
#include "runtime/cpu/cpu_operators.hpp"
#include "runtime/stream.hpp"
#include "tests/support/guarded_memory.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <stdexcept>
#include <utility>

namespace syngrad::test {

class late_device::late_completion : public completion {
public:
  bool ready() const override { return ready_.load(); }
  void set() { ready_.store(true); }

private:
  std::atomic<bool> ready_{false};
};

class late_device::late_mark : public time_mark {
public:
  bool ready() const override { return time_ns_.load() >= 0; }
  std::optional<moment> time() const override { return moment{time_ns_.load(), 0}; }
  void set(std::int64_t time_ns) { time_ns_.store(time_ns); }

private:
  std::atomic<std::int64_t> time_ns_{-1};
};

namespace {

using work_list = std::vector<std::function<void()>>;

} // namespace

class late_device::open_memory {
public:
  explicit open_memory(late_device& of) : of_(of) { each(&guarded_memory::open); }
  ~open_memory() { each(&guarded_memory::close); }
  open_memory(const open_memory&) = delete;
  open_memory& operator=(const open_memory&) = delete;

private:
  void each(void (guarded_memory::*change)()) {
    if (auto& guard = of_.guard_) ((*guard).*change)();
    for (auto* peer : of_.peers_)
      if (auto& guard = peer->guard_) ((*guard).*change)();
  }

  late_device& of_;
};

class late_device::late_stream : public host_stream {
public:
  explicit late_stream(late_device& owner) : host_stream(owner, false), device_(owner) {}

  event record() override {
    auto passed = std::make_shared<late_completion>();
    push({[passed] { passed->set(); }, {}});
    return event(passed);
  }
  std::shared_ptr<time_mark> mark_time() override {
    auto mark = std::make_shared<late_mark>();
    push({[this, mark] { mark->set(device_.clock_ns_); }, {}});
    return mark;
  }
  void wait(const event& earlier) override {
    refuse_in_recording("a wait");
    if (!earlier.ready()) push({[] {}, earlier});
  }
  void on_complete(std::function<void()> callback) override {
    refuse_in_recording("a callback");
    push({std::move(callback), {}});
  }
  void raise_failure() override {
    const std::lock_guard lock(device_.mutex_);
    if (!device_.failure_.empty()) throw device_failure("late: " + device_.failure_);
  }

  void break_next(std::string reason) { breaks_ = std::move(reason); }
  void keep_in(work_list* recording) { recording_ = recording; }
  void defer_all(std::shared_ptr<const work_list> works) {
    defer([works = std::move(works)] {
      for (const auto& each : *works) each();
    });
  }
  bool empty() const { return items_.empty(); }
  bool can_go_on() const { return !items_.empty() && items_.front().after.ready(); }
  std::function<void()> take() {
    auto work = std::move(items_.front().work);
    items_.pop_front();
    return work;
  }

protected:
  void defer(std::function<void()> work) override {
    about_to_enqueue();
    if (recording_) {
      recording_->push_back(std::move(work));
      return;
    }
    push({[this, work = std::move(work), breaks = std::exchange(breaks_, {})] { device_.do_work(work, breaks); }, {}});
  }

private:
  struct item {
    std::function<void()> work;
    event after;
  };

  void push(item next) {
    raise_failure();
    const std::lock_guard lock(device_.mutex_);
    items_.push_back(std::move(next));
  }

  void refuse_in_recording(const char* what) const {
    if (recording_) throw std::logic_error(std::string(what) + " within recorded work");
  }

  late_device& device_;
  work_list* recording_ = nullptr; // where work goes instead
  std::deque<item> items_;
  std::string breaks_; // why the next work does
};

class late_device::late_recording : public recorded_work {
public:
  late_recording(late_stream& on, const std::function<void()>& enqueue) {
    auto works = std::make_shared<work_list>();
    on.keep_in(works.get());
    try {
      enqueue();
    } catch (...) {
      on.keep_in(nullptr);
      throw;
    }
    on.keep_in(nullptr);
    works_ = std::move(works);
  }
  void replay(stream& on) override { static_cast<late_stream&>(on).defer_all(works_); }

private:
  std::shared_ptr<const work_list> works_;
};

late_device::late_device(std::uint64_t seed) : late_device(seed, make_host_memory()) {}

late_device::late_device(std::uint64_t seed, std::size_t most_bytes)
  : late_device(seed, std::make_unique<guarded_memory>(most_bytes)) {}

late_device::late_device(std::uint64_t seed, std::unique_ptr<memory_source> source)
  : guard_(dynamic_cast<guarded_memory*>(source.get())), pool_(std::move(source), true),
    host_visible_(make_host_memory(), true), operators_(std::make_unique<cpu::cpu_operators>()), random_(seed, 7) {}

late_device::~late_device() = default;

stream& late_device::add_stream(stream_priority) {
  const std::lock_guard lock(mutex_);
  return *streams_.emplace_back(std::make_unique<late_stream>(*this));
}

void late_device::pair_with(late_device& peer) {
  peers_.push_back(&peer);
  peer.peers_.push_back(this);
}

std::unique_ptr<recorded_work> late_device::record_work(stream& on, const std::function<void()>& enqueue) {
  return std::make_unique<late_recording>(static_cast<late_stream&>(on), enqueue);
}

void late_device::break_next_work(stream& s, std::string reason) {
  static_cast<late_stream&>(s).break_next(std::move(reason));
}

void late_device::break_work(std::uint64_t number, std::string reason) {
  const std::lock_guard lock(mutex_);
  breaks_after_ = number;
  breaks_because_ = std::move(reason);
}

void late_device::do_work(const std::function<void()>& work, const std::string& breaks) {
  {
    const std::lock_guard lock(mutex_);
    if (failure_.empty()) failure_ = breaks;
    if (failure_.empty() && !breaks_because_.empty() && breaks_after_-- == 0) failure_ = breaks_because_;
    if (!failure_.empty()) return;
  }
  const open_memory reachable(*this);
  work();
}

bool late_device::run_one() {
  const std::lock_guard one_at_a_time(running_);
  std::function<void()> work;
  {
    const std::lock_guard lock(mutex_);
    std::vector<late_stream*> able;
    for (const auto& each : streams_)
      if (each->can_go_on()) able.push_back(each.get());
    if (able.empty()) return false;
    const std::chrono::nanoseconds now = std::chrono::steady_clock::now().time_since_epoch();
    clock_ns_ = std::max(clock_ns_ + work_ns, std::int64_t{now.count()});
    work = able[random_.below(static_cast<std::uint32_t>(able.size()))]->take();
  }
  work();
  ++works_done_;
  return true;
}

bool late_device::idle() const {
  const std::lock_guard lock(mutex_);
  for (const auto& each : streams_)
    if (!each->empty()) return false;
  return true;
}

// Ends early where nothing goes on any more: a stream then waits for what was never enqueued.
void late_device::synchronize() {
  const auto all_done = [this] {
    auto sum = works_done();
    for (const auto* each : peers_) sum += each->works_done();
    return sum;
  };
  for (auto before = all_done(); !idle(); before = all_done()) {
    run_one();
    for (auto* each : peers_) each->run_one();
    if (all_done() == before) return;
  }
}

} // namespace syngrad::test
