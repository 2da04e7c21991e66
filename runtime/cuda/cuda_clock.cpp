#include "runtime/cuda/cuda_clock.hpp"

#include "runtime/cuda/cuda_stream.hpp"

#include <chrono>
#include <cmath>
#include <utility>

namespace syngrad::cuda {

namespace {

// Clocks drift by microseconds in that time, and CUDA tells elapsed times in milliseconds as a float: at most some
// nanoseconds are lost in it.
constexpr std::int64_t renew_every_ns = 100'000'000;

std::int64_t host_now_ns() {
  return std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
}

class cuda_time_mark final : public time_mark {
public:
  cuda_time_mark(std::shared_ptr<const cuda_clock> clock, std::shared_ptr<cuda_event> point)
    : clock_(std::move(clock)), point_(std::move(point)) {}

  bool ready() const override { return point_->ready() && clock_->has_anchor(); }
  std::optional<moment> time() const override { return clock_->time_of(*point_); }

private:
  std::shared_ptr<const cuda_clock> clock_;
  std::shared_ptr<cuda_event> point_;
};

} // namespace

std::shared_ptr<time_mark> cuda_clock::mark(cuda_stream& on) {
  renew_anchor(host_now_ns());
  return std::make_shared<cuda_time_mark>(shared_from_this(), on.record_in(events_));
}

void cuda_clock::renew_anchor(std::int64_t now_ns) {
  {
    const std::lock_guard lock(mutex_);
    if (renewing_ || now_ns - renewed_ns_ < renew_every_ns) return;
    renewing_ = true;
    renewed_ns_ = now_ns;
  }
  anchor next{{host_now_ns(), 0}, quiet_.record_in(events_)};
  quiet_.on_complete([self = shared_from_this(), next = std::move(next)]() mutable {
    next.times.seen_ns = host_now_ns();
    self->anchor_seen(std::move(next));
  });
}

void cuda_clock::anchor_seen(anchor seen) {
  const std::lock_guard lock(mutex_);
  renewing_ = false;
  if (!anchor_ || replaces(seen.times, anchor_->times)) anchor_ = std::move(seen);
}

bool cuda_clock::has_anchor() const {
  const std::lock_guard lock(mutex_);
  return anchor_.has_value();
}

std::optional<time_mark::moment> cuda_clock::time_of(const cuda_event& passed) const {
  const std::lock_guard lock(mutex_);
  float milliseconds = 0;
  if (!anchor_ || cudaEventElapsedTime(&milliseconds, anchor_->point->handle(), passed.handle()) != cudaSuccess) {
    cudaGetLastError();
    return std::nullopt;
  }
  const auto apart_ns = std::llround(static_cast<double>(milliseconds) * 1e6);
  return time_mark::moment{anchor_->times.host_ns() + apart_ns, uncertainty_of(anchor_->times, apart_ns)};
}

} // namespace syngrad::cuda
