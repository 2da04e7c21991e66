#include "models/learning_rate.hpp"

#include "runtime/text.hpp"

#include <cmath>

namespace syngrad {

namespace {

constexpr float most_rate = 1e9f; // times a gradient that can be applied it is finite

error malformed_decay(const std::string& decay, const std::string& why) {
  return {error_kind::setting,
          "learning-rate decay " + quoted(decay) + ": " + why +
            "; write AT:FACTOR,..., for example 0.6:0.1,0.8:0.1 (shares of the steps) or 4000:0.1 (a step number)"};
}

// The step at which a change given as a share (below 1) or as a step number takes effect.
result<std::int64_t> parse_at(const std::string& decay, std::string_view text, std::int64_t steps) {
  const auto number = parse_number<double>(text);
  if (!number || !std::isfinite(*number) || *number <= 0 || *number > 1e15)
    return malformed_decay(decay, quoted(text) + " is not a positive number");
  if (*number < 1) return std::llround(*number * static_cast<double>(steps));
  if (*number != std::floor(*number))
    return malformed_decay(decay, quoted(text) + " is neither a share below 1 nor a whole step number");
  return static_cast<std::int64_t>(*number);
}

} // namespace

result<learning_rate> learning_rate::parse(float base, const std::string& decay, std::int64_t steps) {
  if (!(base >= 0) || !(base <= most_rate))
    return error::setting("the learning rate must be a number from 0 to 1e9, for example 1e-3");
  std::vector<change> changes;
  if (decay.empty()) return learning_rate(base);
  for (const auto part : split_text(decay, ',')) {
    const auto colon = part.find(':');
    if (colon == std::string_view::npos) return malformed_decay(decay, "no ':' in " + quoted(part));
    const auto at = parse_at(decay, part.substr(0, colon), steps);
    if (!at) return at.failure();
    const auto factor_text = part.substr(colon + 1);
    const auto factor = parse_number<float>(factor_text);
    if (!factor || !std::isfinite(*factor) || *factor <= 0)
      return malformed_decay(decay, "the factor " + quoted(factor_text) + " is not a positive number");
    // Shares of a short run may fall on one step: those apply together.
    if (!changes.empty() && *at < changes.back().step)
      return malformed_decay(decay, quoted(part) + " comes before what precedes it; list them in order");
    changes.push_back({*at, *factor});
  }
  return learning_rate(base, std::move(changes));
}

float learning_rate::at(std::int64_t step) const {
  auto rate = base_;
  for (const auto& each : changes_)
    if (step >= each.step) rate *= each.factor;
  return rate;
}

} // namespace syngrad
