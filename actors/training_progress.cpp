#include "actors/training_progress.hpp"

#include <algorithm>
#include <cmath>

namespace syngrad {

void training_progress::batch_done(double loss, std::int64_t now_ns) {
  constexpr double share_of_newest = 0.05;
  ++done_;
  last_done_ns_ = now_ns;
  if (!std::isfinite(loss)) return;
  recent_loss_ = std::isnan(recent_loss_) ? loss : recent_loss_ + share_of_newest * (loss - recent_loss_);
  interval_loss_ += loss;
  ++interval_batches_;
}

void training_progress::batch_skipped(std::uint64_t batch, const std::string& why) {
  if (skipped_.empty()) first_skipped_ = why;
  skipped_.insert(batch);
}

std::int64_t training_progress::skipped_at_the_end() const {
  auto batch = static_cast<std::uint64_t>(all());
  std::int64_t count = 0;
  for (auto each = skipped_.rbegin(); each != skipped_.rend() && *each + 1 == batch; ++each, --batch) ++count;
  return count;
}

double training_progress::interval_loss() const {
  return interval_batches_ ? interval_loss_ / static_cast<double>(interval_batches_) : not_measured;
}

void training_progress::end_interval() {
  interval_loss_ = 0;
  interval_batches_ = 0;
}

void training_progress::rest(std::int64_t now_ns) {
  if (last_done_ns_ > segment_ns_) trained_ns_ += last_done_ns_ - segment_ns_;
  resume(now_ns);
}

double training_progress::steps_per_s(bool rests) const {
  const auto running = trained_ns_ + (rests ? 0 : std::max<std::int64_t>(0, last_done_ns_ - segment_ns_));
  return running > 0 ? static_cast<double>(done_) / (static_cast<double>(running) * 1e-9) : 0;
}

} // namespace syngrad
