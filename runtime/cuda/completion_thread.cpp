#include "runtime/cuda/completion_thread.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

namespace syngrad::cuda {

namespace {

// Asking again at once answers within a microsecond or two; who has asked in vain for about a millisecond lets the
// processor go, for that costs some 60 us of delay where the kernel's timers are at their default.
constexpr int eager_rounds = 2000;
constexpr std::chrono::microseconds pause{10};

} // namespace

completion_thread::completion_thread() : thread_([this] { run(); }) {}

completion_thread::~completion_thread() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  arrival_.notify_one();
  thread_.join();
}

void completion_thread::when_passed(const stream& from, event point, std::function<void()> callback) {
  {
    const std::lock_guard lock(mutex_);
    arrived_.push_back({&from, std::move(point), std::move(callback)});
  }
  arrival_.notify_one();
}

void completion_thread::post(std::function<void()> callback) {
  {
    const std::lock_guard lock(mutex_);
    arrived_.push_back({nullptr, {}, std::move(callback)});
  }
  arrival_.notify_one();
}

void completion_thread::add_arrived(std::vector<waiting>& waited) {
  std::move(arrived_.begin(), arrived_.end(), std::back_inserter(waited));
  arrived_.clear();
}

// Whether there was one. A stream's later events are not asked for while an earlier one has not passed.
bool completion_thread::call_passed(std::vector<waiting>& waited) {
  std::vector<const stream*> behind;
  const auto has_passed = [&behind](const waiting& one) {
    if (one.from && std::find(behind.begin(), behind.end(), one.from) != behind.end()) return false;
    if (one.point.ready()) return true;
    behind.push_back(one.from);
    return false;
  };
  bool any = false;
  for (auto& each : waited) {
    if (!has_passed(each)) continue;
    std::exchange(each.callback, nullptr)();
    each.point = {};
    any = true;
  }
  std::erase_if(waited, [](const waiting& one) { return !one.callback; });
  return any;
}

void completion_thread::run() {
  std::vector<waiting> waited;
  int vain_rounds = 0;
  while (true) {
    {
      std::unique_lock lock(mutex_);
      if (waited.empty()) arrival_.wait(lock, [this] { return stopping_ || !arrived_.empty(); });
      add_arrived(waited);
      if (stopping_) break;
    }
    if (call_passed(waited)) {
      vain_rounds = 0;
    } else if (++vain_rounds < eager_rounds) {
      std::this_thread::yield();
    } else {
      std::unique_lock lock(mutex_);
      arrival_.wait_for(lock, pause, [this] { return stopping_ || !arrived_.empty(); });
    }
  }
  call_passed(waited);
}

} // namespace syngrad::cuda
