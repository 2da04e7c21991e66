#include "actors/training_progress.hpp"

#include "models/state_archive.hpp"
#include "runtime/text.hpp"

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

void training_progress::keep(state_archive& of, std::int64_t now_ns) {
  auto wall_ns = of.loads() ? 0 : now_ns - began_ns_;
  auto trained_ns = trained_ns_ + std::max<std::int64_t>(0, last_done_ns_ - segment_ns_);
  of.word("done", done_);
  of.word("alone", alone_);
  of.word("wall_ns", wall_ns);
  of.word("trained_ns", trained_ns);
  of.word("recent_loss", recent_loss_);
  of.word("interval_loss", interval_loss_);
  of.word("interval_batches", interval_batches_);
  of.word("first_skipped", first_skipped_);
  std::string skipped;
  for (const auto each : skipped_) skipped += (skipped.empty() ? "" : " ") + std::to_string(each);
  of.word("skipped", skipped);
  if (!of.loads()) return;
  before_ns_ = wall_ns;
  trained_ns_ = trained_ns;
  if (skipped.empty()) return;
  for (const auto part : split_text(skipped, ' ')) {
    std::uint64_t batch = 0;
    if (!state_text::read(std::string(part), batch)) return of.fail("'skipped' cannot be '" + skipped + "'");
    skipped_.insert(batch);
  }
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
