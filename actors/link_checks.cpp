#include "actors/setting_checks.hpp"

#include "actors/group_outline.hpp"
#include "actors/update_policy.hpp"

#include <fmt/core.h>

namespace syngrad {

namespace {

status check_link(const training_settings& s) {
  const auto& link = s.link;
  if (!link.any()) return ok();
  const auto count = static_cast<int>(s.split.size());
  if (count < 2) return refuse("link", "expected at least two groups, which it lies between; leave it out");
  if (link.highest_interface() > count - 2)
    return refuse("link",
                  fmt::format("expected interfaces 0 to {}, with {} groups, got {}; interface i is above group i",
                              count - 2, count, link.highest_interface()));
  if (link.is_in_batches() && !s.deterministic)
    return refuse("link", "a delay in batches is for --deterministic; give a time, such as delay@1:50ms");
  if (link.is_in_time() && s.deterministic)
    return refuse("link", "--deterministic cannot depend on times; count the delay in batches, such as delay@1:3b");
  for (int i = 0; i + 1 < count; ++i)
    if (link.at(i).loss > 0 && link.at(i).delay_ns + link.at(i).most_jitter_ns == 0)
      return refuse("link",
                    fmt::format("a lost message comes a round trip later, which takes no time at interface {0}; "
                                "give it a delay, such as delay@{0}:50ms",
                                i));
  if (!link.is_in_batches()) return ok();
  const auto policy = make_update_policy(s);
  if (!policy) return policy.failure();
  if ((*policy)->waits_for_gradient(static_cast<std::uint64_t>(s.warmup_batches)) ||
      (*policy)->capabilities().needs_no_lag)
    return refuse("link", "with --policy " + s.policy +
                            " each batch waits for its gradient, whatever the delay; leave "
                            "it out");
  if (const int lag = lag_of_group(s, **policy, 0, count); lag > most_lag)
    return refuse("link", fmt::format("expected delays of at most {} batches in all, with those of the policy, got {}",
                                      most_lag, lag));
  return ok();
}

status check_gradients(const training_settings& s) {
  if (s.gradients.is_all()) return ok();
  if (!capabilities_of(s).needs_targets)
    return refuse("gradients", "expected all, because --policy " + s.policy + " sends none; leave it out");
  if (capabilities_of(s).corrects_some)
    return refuse("gradients", "expected all, because --policy " + s.policy +
                                 " needs each of them, or a share whose corrections count the more; use --correct "
                                 "every:N or --gradients all");
  if (capabilities_of(s).needs_every_gradient)
    return refuse("gradients", "expected all, because --policy " + s.policy +
                                 " needs each of them; use --policy synthetic or --gradients all");
  if (s.gradients.above && s.deterministic)
    return refuse("gradients",
                  "an error is not measured at fixed batches, so above:ERROR excludes --deterministic; use every:N");
  return ok();
}

status check_max_alone(const training_settings& s) {
  if (s.max_alone.value_or(0) == 0) return ok();
  if (!capabilities_of(s).predicts)
    return refuse("max-alone",
                  "expected a --policy that predicts gradients with it, synthetic, corrected or gated, got " +
                    s.policy + "; leave it out or use --max-alone 0");
  if (s.deterministic)
    return refuse("max-alone",
                  "--deterministic cannot depend on when the network is away; leave it out or use --max-alone 0");
  return ok();
}

} // namespace

status check_link_settings(const training_settings& settings) {
  return first_fault({check_link, check_gradients, check_max_alone}, settings);
}

} // namespace syngrad
