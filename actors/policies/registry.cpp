// The names of the policies: a new policy is a file of its own and one line here.
#include "actors/policies/corrected.hpp"
#include "actors/policies/delayed.hpp"
#include "actors/policies/locked.hpp"
#include "actors/policies/synthetic.hpp"
#include "actors/policies/warmup.hpp"
#include "actors/settings.hpp"

#include <algorithm>
#include <array>

namespace syngrad {

namespace {

template <class Policy>
std::unique_ptr<update_policy> make() {
  return std::make_unique<Policy>();
}

struct entry {
  const char* name;
  std::unique_ptr<update_policy> (*make)();
};

constexpr std::array<entry, 4> registry{{
  {"synthetic", make<synthetic_policy>},
  {"corrected", make<corrected_policy>},
  {"delayed", make<delayed_policy>},
  {"locked", make<locked_policy>},
}};

const entry* find(const std::string& name) {
  const auto found = std::find_if(registry.begin(), registry.end(), [&](auto& each) { return name == each.name; });
  return found == registry.end() ? nullptr : found;
}

} // namespace

std::vector<std::string> known_policies() {
  std::vector<std::string> names;
  for (const auto& each : registry) names.emplace_back(each.name);
  return names;
}

result<std::unique_ptr<update_policy>> make_update_policy(const std::string& name, std::int64_t warmup) {
  const auto* found = find(name);
  if (!found) {
    std::string known;
    for (const auto& each : registry) known += (known.empty() ? "" : ", ") + std::string(each.name);
    return error{"unknown policy '" + name + "'; the policies are " + known};
  }
  auto policy = found->make();
  if (warmup > 0) policy = std::make_unique<warmup_policy>(static_cast<std::uint64_t>(warmup), std::move(policy));
  return policy;
}

bool policy_predicts(const std::string& name) {
  const auto* found = find(name);
  return found && found->make()->predicts(0);
}

} // namespace syngrad
