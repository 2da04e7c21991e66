// Of group_actor: batches that end at the gap to a neighbour above that the network does not reach.
//
// Such a batch takes no credit and is not sent up. Its turn is what it always is, with the prediction; after it the
// batch is treated as if `none` had come from above: no target, no correction.
#include "actors/group_actor.hpp"

#include <utility>

namespace syngrad {

void group_actor::handle_neighbour_away(neighbour_away&) {
  away_.push_back(current_sender());
  if (current_sender() == caf::actor_cast<caf::strong_actor_ptr>(above_.who)) gap_.opens();
  advance(); // a batch that waits for a credit goes on at once
}

void group_actor::handle_neighbour_back(neighbour_back&) {
  std::erase(away_, current_sender());
  if (current_sender() == caf::actor_cast<caf::strong_actor_ptr>(above_.who)) gap_.closes();
}

bool group_actor::may_train_alone(std::uint64_t batch) const {
  return gap_.may_train_alone() && predictor_ && setup_.policy->predicts(batch);
}

// What waits for gradients across the gap must not keep batches from ending at it: for those there is room apart.
bool group_actor::has_room_for(std::uint64_t batch) const {
  return static_cast<std::int64_t>(in_flight_.size()) <
         setup_.cache_limit + (may_train_alone(batch) ? records_alone : 0);
}

// One that waits here would hold back the batches behind it, which could be trained alone.
bool group_actor::leaves_evaluations_out() const {
  return !flushed_ && may_train_alone(next_batch_);
}

void group_actor::leave_evaluation_out() {
  send(coordinator(), evaluation_missed{context_for(no_batch), std::exchange(output_, {}).evaluation});
  state_ = state::idle;
}

void group_actor::go_on_alone() {
  output_ = {};
  turn_->ends_at_gap = true;
  gap_.count();
  state_ = state::gated;
}

} // namespace syngrad
