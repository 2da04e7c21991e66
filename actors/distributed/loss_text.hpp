// How a dead process is reported, wherever it is noticed first: who, why, its last sign of life, and what is lost.
#pragma once

#include "actors/distributed/control_messages.hpp"
#include "actors/nodes/peer_messages.hpp"

#include <string>
#include <vector>

namespace syngrad {

// "group 1", "groups 1, 2"; empty where it has none.
std::string groups_on(std::uint8_t node, const std::vector<group_place>&);

// `title`: "node a". One line.
std::string describe_loss(const std::string& title, const peer_dead&, const std::vector<group_place>&);

} // namespace syngrad
