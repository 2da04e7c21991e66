// Finds the forward passes and the backward passes with updates inside the handlers of groups.
//
// A handler may finish one batch and start the next: the sends and updates inside it are the ends of its parts. A part
// that ends with the send of a batch's activation is its forward pass; where the group had to wait for a credit first,
// the forward pass is the last part of the handler that ended so. A part that ends with an update is the backward pass
// and the update; at the top group it holds the forward pass and the loss too.
//
// Memory: a few words a group. One thread.
#pragma once

#include "runtime/trace/trace_vocabulary.hpp"
#include "tools/trace/analysis/actor_index.hpp"

#include <cstdint>
#include <vector>

namespace syngrad::tools {

class turn_parts {
public:
  struct part {
    enum class kind : std::uint8_t { none, forward, backward } what = kind::none;
    int group = 0; // position
    std::uint32_t batch = no_trace_batch;
    std::int64_t begin_ns = 0, end_ns = 0;
    std::int64_t begun = 0; // training batches whose forward pass the group had begun, up to this moment
  };

  explicit turn_parts(const group_table& groups) : groups_(&groups), states_(groups.groups().size()) {}

  // Records in the order of time. Returns the part that this record ends.
  part take(const trace_record& record) {
    const bool marks =
      record.kind == record_kind::begin || record.kind == record_kind::end || record.kind == record_kind::update ||
      (record.kind == record_kind::send && record.actor != record.peer); // to itself: a stream's thread
    if (!marks) return {};
    const int group = groups_->position_of(record.actor);
    return group < 0 ? part{} : take(record, group);
  }

private:
  struct state {
    std::int64_t part_begin_ns = 0;
    bool in_handler = false;
    bool waits_for_credit = false; // with a forward pass that is done
    std::int64_t forward_begin_ns = 0, forward_end_ns = 0;
    std::int64_t begun = 0;
  };

  part take(const trace_record& record, int group);
  part end_forward(state& group, const trace_record& sent);

  const group_table* groups_;
  std::vector<state> states_;
};

} // namespace syngrad::tools
