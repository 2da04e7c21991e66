#include "actors/group_checkpoint.hpp"

#include "models/state_archive.hpp"

#include <algorithm>
#include <new>
#include <utility>

namespace syngrad {

bool group_checkpoint::is_settled() {
  if (std::exchange(settled_, false)) return true;
  if (!std::exchange(asked_, true))
    parts_.out.when_complete(
      work_done{.context = parts_.out.context_for(no_batch), .checkpoint = work_done::checkpoint_stage::settled});
  return false;
}

void group_checkpoint::save(const checkpoint_mark& mark, const std::function<void(state_archive&)>& keep) {
  asked_ = false;
  step_ = mark.step;
  auto& out = parts_.out;
  if (parts_.is_top()) out.tell_coordinator(checkpoint_passed{out.context_for(no_batch), step_});
  save_all(keep);
  if (!parts_.is_top()) out.mark_above(checkpoint_mark{out.context_for(no_batch), step_});
  if (parts_.below.takes_gradients()) out.mark_below(checkpoint_return{out.context_for(no_batch), step_});
  if (parts_.predictor.exists()) out.save_predictor_with(save_predictor{out.context_for(no_batch), step_});
  if (parts_.is_top()) complete();
}

void group_checkpoint::save_all(const std::function<void(state_archive&)>& keep) {
  part_ = std::make_shared<saved_part>();
  part_->name = "group" + std::to_string(parts_.setup.index);
  batches_.clear();
  for (const auto& each : parts_.window.in_flight())
    if (!each->early) batches_.push_back(each->batch);
  try {
    auto archive = state_archive::saving(parts_.work(), *part_);
    parts_.keep(archive);
    keep(archive);
  } catch (const std::bad_alloc& reason) {
    give_up(reason.what());
  }
}

// Of a record in the part. An archive of its own: memory that was saved before may hold something else by now.
void group_checkpoint::add(std::uint64_t batch, const std::function<void(state_archive&)>& keep) {
  if (!part_) return;
  try {
    auto archive = state_archive::saving(parts_.work(), *part_);
    archive.within("window." + std::to_string(batch) + ".", [&] { keep(archive); });
  } catch (const std::bad_alloc& reason) {
    give_up(reason.what());
  }
}

void group_checkpoint::arrived(const gradient& came) {
  const auto found = std::find(batches_.begin(), batches_.end(), came.context.batch);
  if (!part_ || found == batches_.end()) return;
  batches_.erase(found);
  std::optional early = batch_record::early_gradient{came.kind, came.values, came.chosen};
  add(came.context.batch, [&](state_archive& of) { batch_window::keep_early(of, early); });
}

void group_checkpoint::arrived(const audit_gradient& came) {
  const auto* record = parts_.window.find(came.context.batch);
  if (!part_ || !record || !record->awaits_audit) return;
  std::optional early = came.values;
  add(came.context.batch, [&](state_archive& of) { batch_window::keep_early_audit(of, early); });
}

void group_checkpoint::arrived(const checkpoint_return& mark) {
  if (part_ && mark.step == step_) complete();
}

void group_checkpoint::complete() {
  batches_.clear();
  if (part_)
    parts_.out.when_complete(
      work_done{.context = parts_.out.context_for(no_batch), .checkpoint = work_done::checkpoint_stage::copied});
}

void group_checkpoint::passed(const work_done& work) {
  if (work.checkpoint == work_done::checkpoint_stage::settled) {
    settled_ = true;
    return;
  }
  if (part_)
    parts_.out.tell_coordinator(part_saved{parts_.out.context_for(no_batch), step_, std::exchange(part_, nullptr)});
}

// The mark goes on all the same: others may be at their work by now.
void group_checkpoint::give_up(const std::string& why) {
  part_ = nullptr;
  batches_.clear();
  parts_.out.tell_coordinator(part_not_saved{parts_.out.context_for(no_batch), step_,
                                             "group " + std::to_string(parts_.setup.index) + ": " + why});
}

} // namespace syngrad
