#include "actors/group_weights.hpp"

#include "runtime/device.hpp"

#include <algorithm>
#include <exception>
#include <fmt/core.h>
#include <new>

namespace syngrad {

namespace {

// Why work on `group` cannot go on; empty where it can.
std::string failure_of(const planned_group& group) {
  try {
    group.where->synchronize();
    group.work->raise_failure();
  } catch (const std::exception& reason) {
    return reason.what();
  }
  return {};
}

} // namespace

std::vector<lost_group> find_lost_groups(const std::vector<planned_group>& groups) {
  std::vector<lost_group> lost;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    if (!groups[i].where) continue;
    if (auto why = failure_of(groups[i]); !why.empty())
      lost.push_back({static_cast<int>(i), groups[i].units, groups[i].where->name(), std::move(why)});
  }
  return lost;
}

std::vector<layer_group::named_tensor> read_weights(const std::vector<planned_group>& groups,
                                                    const std::vector<lost_group>& lost) {
  std::vector<layer_group::named_tensor> all;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    const auto is_this = [i](const lost_group& each) { return each.group == static_cast<int>(i); };
    if (!groups[i].where || std::any_of(lost.begin(), lost.end(), is_this)) continue;
    for (auto& each : groups[i].layers->weights())
      all.push_back({std::move(each.name), brought_to_host(*groups[i].work, each.value)});
    groups[i].where->synchronize();
  }
  return all;
}

status with_weights_now(const std::vector<planned_group>& groups, std::chrono::milliseconds patience,
                        const weights_use& use) {
  std::vector<const planned_group*> here;
  std::vector<handler_gate*> gates;
  for (const auto& each : groups) {
    if (!each.where) continue;
    here.push_back(&each);
    gates.push_back(each.gate.get());
  }
  const paused_handlers paused(std::move(gates), patience);
  if (const auto stuck = paused.stuck())
    return error::busy(
      fmt::format("layers {} have been in one step for {} s", here[*stuck]->units, patience.count() / 1000));
  try {
    for (const auto* each : here) each->where->synchronize();
    const auto weights = read_weights(groups, {});
    for (const auto* each : here) each->work->raise_failure();
    return use(weights);
  } catch (const std::bad_alloc&) {
    return error::resource("there is no memory for it");
  } catch (const std::exception& reason) {
    return error_of(reason);
  }
}

} // namespace syngrad
