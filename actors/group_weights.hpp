// Brings the weights of a run's groups to where the host reads them, and tells which are out of reach.
//
// For when the actors have ended, except with_weights_now(). All of it waits for the devices.
#pragma once

#include "actors/run_plan.hpp"
#include "actors/trainer.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace syngrad {

// Of the groups in this process whose device has failed.
std::vector<lost_group> find_lost_groups(const std::vector<planned_group>&);

// Of all groups in this process but the `lost` ones, bottom to top.
std::vector<layer_group::named_tensor> read_weights(const std::vector<planned_group>&,
                                                    const std::vector<lost_group>& lost);

inline constexpr std::chrono::seconds message_patience{30}; // for one message of a large group

// The same while the actors run: the groups stand still between two messages while `use` runs. From any thread, one at
// a time. Fails where a group's message does not end within `patience`, where its device fails, and where `use` does.
status with_weights_now(const std::vector<planned_group>&, std::chrono::milliseconds patience, const weights_use& use);

} // namespace syngrad
