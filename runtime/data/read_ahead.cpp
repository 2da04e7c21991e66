#include "runtime/data/read_ahead.hpp"

#include <utility>

namespace syngrad {

read_ahead::read_ahead(batch_order order, host_batch_maker maker, std::function<void()> on_ready, std::uint64_t first)
  : order_(std::move(order)), maker_(maker), on_ready_(std::move(on_ready)), first_(first),
    thread_([this] { work(); }) {}

read_ahead::~read_ahead() {
  {
    const std::lock_guard lock(mutex_);
    ends_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

const host_batch* read_ahead::next() {
  const host_batch* taken = nullptr;
  {
    const std::lock_guard lock(mutex_);
    if (taken_ == made_) {
      holds_ = false;
      if (failure_) std::rethrow_exception(failure_);
      wanted_ = true;
    } else {
      taken = &batches_[taken_++ % depth];
      holds_ = true;
    }
  }
  changed_.notify_one();
  return taken;
}

void read_ahead::work() {
  for (;;) {
    host_batch* into = nullptr;
    std::uint64_t number = 0;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return ends_ || has_room(); });
      if (ends_) return;
      number = made_;
      into = &batches_[number % depth];
    }
    std::exception_ptr failed;
    try {
      maker_.make(order_.next(), first_ + number, *into);
    } catch (...) {
      failed = std::current_exception();
    }
    bool tell = false;
    {
      const std::lock_guard lock(mutex_);
      failure_ = failed;
      if (!failed) ++made_;
      tell = std::exchange(wanted_, false);
    }
    if (tell) on_ready_();
    if (failed) return;
  }
}

} // namespace syngrad
