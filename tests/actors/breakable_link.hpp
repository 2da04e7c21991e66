// Stands in for an actor of another member, as a pair of links would: passes everything on, in order. Told link_down it
// keeps what comes and says neighbour_away to the neighbours on its side; told link_up it says neighbour_back and
// passes on what it kept.
#pragma once

#include <caf/all.hpp>

#include <vector>

namespace syngrad::test {

caf::actor spawn_breakable_link(caf::actor_system&, const caf::actor& target, std::vector<caf::actor> owners = {});

} // namespace syngrad::test
