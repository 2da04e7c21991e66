// The names of the policies, and what they share: a new policy is a file of its own and one line here, or one call of
// register_policy().
#include "actors/policies/corrected.hpp"
#include "actors/policies/delayed.hpp"
#include "actors/policies/gated.hpp"
#include "actors/policies/local.hpp"
#include "actors/policies/locked.hpp"
#include "actors/policies/pipeline.hpp"
#include "actors/policies/synthetic.hpp"
#include "actors/policies/warmup.hpp"
#include "actors/settings.hpp"
#include "runtime/text.hpp"

#include <algorithm>
#include <vector>

namespace syngrad {

namespace {

template <class Policy>
std::unique_ptr<update_policy> make_policy(const training_settings&) {
  return std::make_unique<Policy>();
}

std::unique_ptr<update_policy> make_synthetic(const training_settings& settings) {
  return std::make_unique<synthetic_policy>(settings.target_mix);
}

std::unique_ptr<update_policy> make_corrected(const training_settings& settings) {
  return std::make_unique<corrected_policy>(settings.residual_weight, settings.correct, settings.corrected);
}

std::unique_ptr<update_policy> make_pipeline(const training_settings& settings) {
  return std::make_unique<pipeline_policy>(settings.pipeline, micro_batches_of(settings));
}

std::unique_ptr<update_policy> make_delayed(const training_settings& settings) {
  return std::make_unique<delayed_policy>(
    delayed_policy::options{.stashes_weights = settings.stash_weights,
                            .batches = settings.update_batches,
                            .feeds_back = settings.error_feedback,
                            .groups = std::max(1, static_cast<int>(settings.split.size()))});
}

std::unique_ptr<update_policy> make_gated(const training_settings& settings) {
  return std::make_unique<gated_policy>(settings.gate, settings.residual_weight);
}

std::vector<known_policy>& policy_registry() {
  static std::vector<known_policy> all{
    {"synthetic", make_synthetic},
    {"corrected", make_corrected},
    {"delayed", make_delayed},
    {"local", make_policy<local_policy>},
    {"locked", make_policy<locked_policy>},
    {"pipeline", make_pipeline},
    {"gated", make_gated},
  };
  return all;
}

const known_policy* find_policy(const std::string& name) {
  const auto& all = policy_registry();
  const auto found = std::find_if(all.begin(), all.end(), [&](auto& each) { return name == each.name; });
  return found == all.end() ? nullptr : &*found;
}

} // namespace

void update_policy::on_loss(policy_actions& group, batch_record& record, const tensor& values) {
  apply_received(group, record, gradient_kind::truth, values);
}

void apply_received(policy_actions& group, batch_record& record, gradient_kind kind, const tensor& values) {
  if (kind == gradient_kind::none)
    group.send_down(record, kind, {});
  else
    group.send_down(record, kind, group.update(record, applied_gradient::truth, values, record.terms, true));
  group.finish(record);
}

status register_policy(known_policy added) {
  if (find_policy(added.name))
    return error::setting("there is a policy '" + added.name + "' already; give it another name");
  if (added.make({})->capabilities().micro_batches < 1)
    return error::setting("policy '" + added.name + "' makes an update of no micro-batch; the least is 1");
  policy_registry().push_back(std::move(added));
  return ok();
}

int micro_batches_of(const training_settings& settings) {
  const auto groups = static_cast<std::int64_t>(std::max<std::size_t>(1, settings.split.size()));
  return static_cast<int>(settings.micro_batches.value_or(std::min(settings.batch_size, 2 * groups)));
}

std::vector<std::string> known_policies() {
  std::vector<std::string> names;
  for (const auto& each : policy_registry()) names.push_back(each.name);
  return names;
}

result<std::unique_ptr<update_policy>> make_update_policy(const training_settings& settings) {
  const auto* found = find_policy(settings.policy);
  if (!found)
    return error::setting("unknown policy '" + settings.policy + "'; the policies are " + join_text(known_policies()));
  auto policy = found->make(settings);
  const auto warmup = settings.warmup_batches;
  if (warmup > 0) policy = std::make_unique<warmup_policy>(static_cast<std::uint64_t>(warmup), std::move(policy));
  return policy;
}

policy_capabilities capabilities_of(const training_settings& settings) {
  const auto* found = find_policy(settings.policy);
  return found ? found->make(settings)->capabilities() : policy_capabilities{};
}

int parts_of_batches(const training_settings& settings) {
  const auto can = capabilities_of(settings);
  return can.cuts_batches ? can.micro_batches : 1;
}

} // namespace syngrad
