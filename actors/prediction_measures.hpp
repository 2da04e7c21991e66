// What a group measures of its predictions: on the device, against what it receives and, where a batch is audited,
// against its true gradient; and on their way to a policy that goes by them (measures_to_tell.hpp).
//
// Only enqueues work. Belongs to one group, on its thread.
#pragma once

#include "actors/group_parts.hpp"
#include "actors/measures_to_tell.hpp"

namespace syngrad {

class prediction_measures {
public:
  // Both outlive it.
  prediction_measures(group_parts& parts, const policy_capabilities& can) : parts_(parts), can_(can) {}

  void begin(const batch_record& record) { turn_ = record.batch; } // its turn
  // `prediction`: of those samples that `received` is of.
  void against_received(batch_record&, const tensor& prediction, const tensor& received);
  void against_truth(batch_record&, const tensor& truth); // once for a batch

  template <class Archive>
  void keep(Archive& of) { // between two batches, to be saved and loaded
    of.word("turn", turn_);
    of.within("to_tell.", [&] { to_tell_.keep(of); });
  }

  // Its numbers are there: the policy hears of them, or will in a fixed turn.
  void are_there(const batch_record&);
  // What the turn of the batch hears of has been told. False: some of that is not there yet.
  bool told_before(const batch_record& record) {
    return to_tell_.tell_due(record.batch, [this](const auto& what) { policy().on_measured(what); });
  }

private:
  update_policy& policy() const { return *parts_.setup.policy; }
  void missed_sum(batch_record&, const tensor& prediction, const tensor& received, std::int64_t at) const;

  group_parts& parts_;
  const policy_capabilities& can_;
  std::uint64_t turn_ = 0;
  measures_to_tell to_tell_; // where the policy judges predictions and the run is deterministic
};

} // namespace syngrad
