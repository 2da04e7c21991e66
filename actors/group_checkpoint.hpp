// A group's part of a checkpoint: what it is when the mark passes, and the gradients that were on their way to it then.
//
// The mark comes up between two batches. The group saves itself, passes the mark on, and trains on at once. What comes
// up is as the mark cuts it. What comes down is not: the group above still has to answer for batches that went before
// the mark, and some of its answers left before its own save. When it has saved it sends a checkpoint_return down, and
// what the group has got between its own save and that belongs to its part: on a continued run it would not come again.
// That is the snapshot of Chandy and Lamport (ACM TOCS 3(1), 1985).
//
// | what ends it       | then                                                                                  |
// |--------------------|---------------------------------------------------------------------------------------|
// | the mark           | asks for the stream to be past all that it was given, so that what was measured of it |
// |                    | is counted                                                                            |
// | that               | saves, passes the mark on, has the predictor save itself                              |
// | checkpoint_return  | no gradient is added any more (of the top group at once)                              |
// | the stream is past | the part goes to the coordinator                                                      |
// | the copies         |                                                                                       |
//
// One checkpoint at a time: the source sees to it. Belongs to one group, on its thread; only enqueues work.
#pragma once

#include "actors/group_parts.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace syngrad {

class group_checkpoint {
public:
  explicit group_checkpoint(group_parts& parts) : parts_(parts) {}

  // A mark is next: whether the group may save. Where not, passed() will come.
  bool is_settled();
  // `keep`: what the group consists of beside its parts.
  void save(const checkpoint_mark&, const std::function<void(state_archive&)>& keep);

  void arrived(const gradient&); // before anything is done with it
  void arrived(const audit_gradient&);
  void arrived(const checkpoint_return&);
  void passed(const work_done&); // whose stage is not none

private:
  void save_all(const std::function<void(state_archive&)>& keep);
  void add(std::uint64_t batch, const std::function<void(state_archive&)>& keep);
  void give_up(const std::string& why);
  void complete();

  group_parts& parts_;
  bool asked_ = false, settled_ = false;
  std::shared_ptr<saved_part> part_;   // that is not complete; null: none
  std::int64_t step_ = 0;              // of it
  std::vector<std::uint64_t> batches_; // that it has in flight, without a gradient yet
};

} // namespace syngrad
