#include "actors/pipeline_schedule.hpp"

#include "runtime/io/value_text.hpp"

#include <algorithm>

namespace syngrad {

namespace {

constexpr std::string_view interleaved_prefix = "interleaved:";

} // namespace

result<pipeline_schedule> pipeline_schedule::parse(const std::string& text) {
  if (text == "gpipe") return pipeline_schedule{kind::gpipe};
  if (text == "1f1b") return pipeline_schedule{};
  if (text == "zero-bubble") return pipeline_schedule{kind::zero_bubble};
  if (text == "zero-bubble:h2") return pipeline_schedule{kind::zero_bubble, 1, 2};
  if (text.starts_with(interleaved_prefix)) {
    const auto chunks = parse_whole(text.substr(interleaved_prefix.size()));
    if (chunks && *chunks >= 2 && *chunks <= most_chunks)
      return pipeline_schedule{kind::interleaved, static_cast<int>(*chunks)};
  }
  return error::setting("expected gpipe, 1f1b, interleaved:V with V groups a worker, at least 2, zero-bubble or "
                        "zero-bubble:h2, got '" +
                        text + "'");
}

std::string pipeline_schedule::text() const {
  switch (order) {
  case kind::gpipe:
    return "gpipe";
  case kind::one_forward_one_backward:
    return "1f1b";
  case kind::interleaved:
    return std::string(interleaved_prefix) + std::to_string(chunks);
  case kind::zero_bubble:
    break;
  }
  return forward_passes_ahead == 1 ? "zero-bubble" : "zero-bubble:h2";
}

std::int64_t stage_order::most_in_flight() const {
  if (schedule_.splits_backward()) return std::min(micro_batches_, schedule_.forward_passes_ahead * (count_ - 1) + 1);
  std::int64_t most = 0, backward = 0;
  for (std::int64_t i = 0; i < micro_batches_; ++i) {
    most = std::max(most, i + 1 - backward);
    backward = backward_by(i);
  }
  return most;
}

std::int64_t stage_order::backward_by(std::int64_t micro_batch) const {
  const auto forward = micro_batch + 1;
  if (forward == micro_batches_) return micro_batches_;
  switch (schedule_.order) {
  case pipeline_schedule::kind::gpipe:
    return 0;
  case pipeline_schedule::kind::interleaved:
    return interleaved_by(forward);
  case pipeline_schedule::kind::one_forward_one_backward:
  case pipeline_schedule::kind::zero_bubble:
    break;
  }
  return std::max<std::int64_t>(0, forward - schedule_.forward_passes_ahead * (count_ - 1 - index_));
}

// A worker takes as many micro-batches as there are workers through its lowest group, then through the next one, and so
// on, then the next as many; backward from its highest group down. Its passes are numbered in that order. Backward pass
// number b comes before forward pass number f where b + ahead < f, so that it begins with `ahead` forward passes.
std::int64_t stage_order::interleaved_by(std::int64_t forward_passes) const {
  const std::int64_t chunks = schedule_.chunks, workers = count_ / chunks, worker = index_ % workers,
                     chunk = index_ / workers;
  const auto in_round = [&](std::int64_t round) { return std::min(workers, micro_batches_ - round * workers); };
  const auto ahead = 2 * (workers - 1 - worker) + (chunks - 1) * workers;
  const auto round = forward_passes / workers;
  const auto next = round * workers * chunks + chunk * in_round(round) + forward_passes % workers;
  const auto backward = std::max<std::int64_t>(0, next - ahead); // passes of the worker
  const auto rounds = backward / (workers * chunks);
  if (rounds * workers >= micro_batches_) return micro_batches_;
  const auto rest = backward - rounds * workers * chunks - (chunks - 1 - chunk) * in_round(rounds);
  return rounds * workers + std::clamp<std::int64_t>(rest, 0, in_round(rounds));
}

} // namespace syngrad
