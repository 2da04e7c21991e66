#include "actors/setting_checks.hpp"

#include "actors/group_outline.hpp"
#include "actors/update_policy.hpp"

#include <fmt/core.h>

namespace syngrad {

namespace {

// Whether a group's gradients come after updates that its forward pass has not seen.
bool updates_late(const training_settings& s) {
  return capabilities_of(s).updates_late && s.split.size() > 1;
}

status check_momentum_by_delay(const training_settings& s) {
  if (!s.momentum_by_delay) return ok();
  if (s.optimizer.name != "nadam")
    return refuse("momentum-by-delay", "expected --optimizer nadam with it, got " + s.optimizer.name);
  if (s.optimizer.beta1 > delayed_momentum)
    return refuse("momentum-by-delay", "expected a first number of --betas of at most 0.99 with it");
  if (!updates_late(s))
    return refuse("momentum-by-delay", "no group's gradients come late here; use it with --policy delayed and at least "
                                       "two groups, or leave it out");
  return ok();
}

status check_discount_by_delay(const training_settings& s) {
  if (!s.discount_by_delay || (updates_late(s) && delay_of_group(s, 0) > 1)) return ok();
  return refuse("delay-lr", "no group's gradients come more than one update late here; use it with --policy delayed, "
                            "at least two groups and an update of every batch, or leave it out");
}

status check_weights(const training_settings& s) {
  if (!s.stash_weights || (capabilities_of(s).stashes_weights && s.split.size() > 1)) return ok();
  return refuse("weights", "expected current, because no backward pass comes after an update that its forward pass has "
                           "not seen; use stash with --policy delayed and at least two groups");
}

status check_update(const training_settings& s) {
  const auto can = capabilities_of(s);
  if (s.update_batches == 1) return ok();
  if (can.micro_batches != s.update_batches || can.cuts_batches)
    return refuse("update", fmt::format("expected every:1 with --policy {}, got every:{}; use --policy delayed, or a "
                                        "larger --batch",
                                        s.policy, s.update_batches));
  const auto groups = static_cast<int>(s.split.size());
  if (can.double_buffers && s.update_batches < groups)
    return refuse("update", fmt::format("expected at least every:{}, because as many groups work on batches at once, "
                                        "got every:{}; use every:{} with a smaller --batch, or fewer groups",
                                        groups, s.update_batches, groups));
  if (can.double_buffers && s.lag.value_or(0) > s.update_batches)
    return refuse("lag",
                  fmt::format("expected at most {}, the batches of an --update, got {}", s.update_batches, *s.lag));
  if (can.double_buffers && s.link.is_in_batches())
    return refuse("link",
                  fmt::format("with --update every:{} gradients come one update late, whatever the delay; leave "
                              "it out",
                              s.update_batches));
  return ok();
}

status check_error_feedback(const training_settings& s) {
  if (!s.error_feedback || (capabilities_of(s).feeds_back_errors && updates_late(s))) return ok();
  return refuse("error-feedback", "no group's updates are late here; use it with --policy delayed and at least two "
                                  "groups, or leave it out");
}

status check_lag(const training_settings& s) {
  if (!s.lag) return ok();
  if (capabilities_of(s).needs_no_lag)
    return refuse("lag", "expected a policy with it whose gradients come late, got " + s.policy +
                           ", which trains the same whenever they come; leave it out");
  if (!s.deterministic) return refuse("lag", "expected --deterministic with it; free-running groups have no fixed lag");
  // A prediction cannot come after its own target.
  const int least = capabilities_of(s).predicts ? 1 : 0;
  if (*s.lag < least || *s.lag > most_lag)
    return refuse("lag", "expected " + std::to_string(least) + " to " + std::to_string(most_lag) + " with --policy " +
                           s.policy + ", got " + std::to_string(*s.lag));
  return ok();
}

status check_times(const training_settings& s) {
  if (!s.deterministic) return ok();
  if (s.time_limit_s)
    return refuse("for", "--deterministic cannot depend on how fast this machine is; use --steps or --epochs");
  if (s.evaluate_every_s > 0)
    return refuse("eval-seconds", "--deterministic cannot depend on how fast this machine is; use --eval-every");
  return ok();
}

} // namespace

status check_delay_settings(const training_settings& settings) {
  return first_fault({check_momentum_by_delay, check_discount_by_delay, check_weights, check_update,
                      check_error_feedback, check_lag, check_times},
                     settings);
}

} // namespace syngrad
