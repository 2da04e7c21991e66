// Which weights the passes of a batch read, where that is not those of the moment.
//
// | the policy              | a forward pass reads        | a backward pass of that batch reads |
// |-------------------------|-----------------------------|-------------------------------------|
// | declares neither        | what is there               | what is there                       |
// | stashes_weights         | what is there               | what its forward pass has read      |
// | and double_buffers them | those of one update before  | what its forward pass has read      |
//
// Double buffers (PipeDream-2BW: Narayanan et al., arXiv 2006.09503): M batches make an update, in every group the same
// ones. With W(n) the weights after n updates, batches tM to tM + M - 1 read W(t - 1), those before 2M the first ones,
// and their gradients make W(t + 1) of W(t). So gradients come one update late, whatever the number of groups and
// whatever the timing, and a group keeps two versions: in the layers lie those of forward passes; the update after
// them is held back until the first batch that reads it. A batch whose version is still to be made waits.
//
// Batches that are to be made again (--recompute) keep the weights that they have seen likewise. Belongs to one group,
// on its thread; only enqueues work.
#pragma once

#include "actors/group_parts.hpp"

namespace syngrad {

class weight_versions {
public:
  // Both outlive it.
  weight_versions(group_parts& parts, const policy_capabilities& can) : parts_(parts), can_(can) {}

  // Whether the weights that the batch's forward pass reads have been made.
  bool are_there_for(std::uint64_t batch) const {
    return !can_.double_buffers || version_for(batch) <= layers().version();
  }
  // Puts them in place, and notes which they are. Once, before that pass.
  void begin(batch_record&);
  // Whether its backward passes read the weights that are kept with it.
  bool are_stashed_for(const batch_record& record) const { return can_.stashes_weights && record.weights; }

  // Around each step of the optimizer. `updates`: the batch whose true gradient is the last part of it, and that needs
  // its weights no more; null: there is none such.
  void before_update(const batch_record* updates);
  void after_update();
  // No batch comes any more: the layers have all updates.
  void end() { show_latest(nullptr); }

  template <class Archive>
  void keep(Archive& of) {
    of.word("holds_back", holds_back_);
    of.anew("latest", latest_);
  }

  std::uint64_t held_back_bytes() const { return latest_ ? latest_.memory()->bytes() : 0; }

private:
  layer_group& layers() const { return *parts_.setup.layers; }
  std::int64_t version_for(std::uint64_t batch) const;
  void keep(const batch_record* but);
  void show_latest(const batch_record* but);

  group_parts& parts_;
  const policy_capabilities& can_;
  bool holds_back_ = false; // the latest update
  tensor latest_, before_;  // weights: with that update; those that an update begins with, while it lasts
};

} // namespace syngrad
