#include "actors/group_weights.hpp"

#include "runtime/transfer.hpp"

#include <algorithm>
#include <exception>

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

std::uint64_t weight_bytes_of(const planned_group& group) {
  std::uint64_t sum = 0;
  for (const auto& each : group.layers->weights()) sum += each.value.bytes();
  return sum;
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

} // namespace syngrad
