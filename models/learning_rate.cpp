#include "models/learning_rate.hpp"

#include "runtime/text.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace syngrad {

namespace {

constexpr float most_rate = 1e9f; // times a gradient that can be applied it is finite

error malformed_schedule(const std::string& schedule, const std::string& why) {
  return error::setting(
    quoted(schedule) + ": " + why +
    "; write for example 0.6:0.1,0.8:0.1 (from 60 % of the steps on a tenth, from 80 % on a hundredth), 4000:0.1 "
    "(from step 4000 on) or warmup:100,cosine:0.1 (a rise of 100 steps, then down to a tenth)");
}

struct schedule_term {
  enum class kind : std::uint8_t { warmup, cosine, change } what;
  double when;   // steps, or a share of them; of warmup and change
  double factor; // of cosine and change
};

// A number of steps, or a share of the run's.
bool is_time(double number) {
  return number > 0 && (number < 1 || (number == std::floor(number) && number <= 1e15));
}

std::int64_t steps_of(double time, std::int64_t of_run) {
  return time < 1 ? std::llround(time * static_cast<double>(of_run)) : static_cast<std::int64_t>(time);
}

result<schedule_term> parse_term(const std::string& schedule, std::string_view text) {
  const auto wrong = [&](const std::string& why) { return malformed_schedule(schedule, why); };
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return wrong("no ':' in " + quoted(text));
  const auto name = text.substr(0, colon), argument = text.substr(colon + 1);
  const auto number = parse_number<double>(argument);
  if (name == "warmup") {
    if (!number || !is_time(*number))
      return wrong("the warm-up " + quoted(argument) + " is neither a share below 1 nor a whole number of steps");
    return schedule_term{schedule_term::kind::warmup, *number, 1};
  }
  if (name == "cosine") {
    if (!number || !(*number >= 0 && *number <= 1))
      return wrong("what the cosine leaves, " + quoted(argument) + ", is not a share from 0 to 1");
    return schedule_term{schedule_term::kind::cosine, 0, *number};
  }
  const auto at = parse_number<double>(name);
  if (!at || !(*at > 0)) return wrong(quoted(name) + " is neither warmup, cosine nor a positive number");
  if (!is_time(*at)) return wrong(quoted(name) + " is neither a share below 1 nor a whole step number");
  const auto factor = parse_number<float>(argument);
  if (!factor || !std::isfinite(*factor) || !(*factor > 0))
    return wrong("the factor " + quoted(argument) + " is not a positive number");
  return schedule_term{schedule_term::kind::change, *at, double{*factor}};
}

result<std::vector<schedule_term>> parse_terms(const std::string& schedule) {
  std::vector<schedule_term> terms;
  if (schedule.empty()) return terms;
  for (const auto part : split_text(schedule, ',')) {
    auto term = parse_term(schedule, part);
    if (!term) return term.failure();
    const bool again = std::any_of(terms.begin(), terms.end(), [&](const auto& each) {
      return each.what == term->what && each.what != schedule_term::kind::change;
    });
    if (again) return malformed_schedule(schedule, quoted(part.substr(0, part.find(':'))) + " comes twice");
    terms.push_back(*term);
  }
  return terms;
}

} // namespace

status check_schedule(const std::string& schedule) {
  if (auto terms = parse_terms(schedule); !terms) return terms.failure();
  return ok();
}

result<learning_rate> learning_rate::parse(float base, const std::string& schedule, std::int64_t steps) {
  if (!(base >= 0) || !(base <= most_rate))
    return error::setting("the learning rate must be a number from 0 to 1e9, for example 1e-3");
  const auto terms = parse_terms(schedule);
  if (!terms) return terms.failure();
  learning_rate out(base);
  out.last_ = steps - 1;
  for (const auto& each : *terms) {
    const auto when = steps_of(each.when, steps);
    switch (each.what) {
    case schedule_term::kind::warmup:
      out.warmup_ = when;
      break;
    case schedule_term::kind::cosine:
      out.cosine_ = each.factor;
      break;
    case schedule_term::kind::change:
      // Shares of a short run may fall on one step: those apply together.
      if (!out.changes_.empty() && when < out.changes_.back().step)
        return malformed_schedule(
          schedule, fmt::format("the change at step {} comes before what precedes it; list them in order", when));
      out.changes_.push_back({when, static_cast<float>(each.factor)});
    }
  }
  if (out.cosine_ && out.warmup_ >= steps)
    return malformed_schedule(
      schedule, fmt::format("a warm-up of {} steps leaves none of the run's {} for the cosine", out.warmup_, steps));
  return out;
}

learning_rate learning_rate::discounted(double delay, std::int64_t annealed) const {
  auto out = *this;
  out.delay_ = delay;
  out.annealed_ = annealed;
  return out;
}

float learning_rate::at(std::int64_t step) const {
  const auto rate = scheduled(step);
  if (delay_ <= 1 || step >= annealed_) return rate;
  const auto left = 1 - static_cast<double>(step) / static_cast<double>(annealed_);
  return rate * static_cast<float>(std::pow(delay_, -left));
}

float learning_rate::scheduled(std::int64_t step) const {
  auto rate = base_;
  for (const auto& each : changes_)
    if (step >= each.step) rate *= each.factor;
  if (step < warmup_) return rate * static_cast<float>(static_cast<double>(step + 1) / static_cast<double>(warmup_));
  if (!cosine_) return rate;
  const auto fall = static_cast<double>(last_ - warmup_), fallen = static_cast<double>(step - warmup_);
  const auto height = fallen < fall ? (1 + std::cos(std::numbers::pi * fallen / fall)) / 2 : 0;
  return rate * static_cast<float>(*cosine_ + (1 - *cosine_) * height);
}

} // namespace syngrad
