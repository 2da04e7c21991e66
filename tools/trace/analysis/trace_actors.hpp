// The actors and layer groups of a trace, found in constant time, and what the handlers of groups did.
#pragma once

#include "runtime/trace/trace_vocabulary.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace syngrad::tools {

// Numbers actors 0, 1, 2, ... in the order in which they are met, so that analyses keep what they know of them in
// vectors. A lookup is two loads.
class actor_index {
public:
  std::size_t operator()(std::uint32_t actor) {
    auto& node = numbers_[node_of(actor)];
    const auto own = static_cast<std::uint16_t>(actor);
    if (own >= node.size()) node.resize(std::size_t{own} + 1);
    if (node[own] == 0) {
      actors_.push_back(actor);
      node[own] = static_cast<std::uint32_t>(actors_.size());
    }
    return node[own] - 1;
  }

  const std::vector<std::uint32_t>& actors() const { return actors_; } // by number

private:
  std::array<std::vector<std::uint32_t>, 256> numbers_; // by node and actor, plus 1; 0: not met
  std::vector<std::uint32_t> actors_;
};

// As people expect them: groups first, bottom to top; then the others by role and number.
bool comes_before_in_views(std::uint32_t a, std::uint32_t b, const trace_names&);

// The layer groups of a trace, bottom to top, found by actor id in constant time: analyses ask for every record.
class group_table {
public:
  struct group {
    std::uint32_t actor = 0;
    int index = 0;
    std::string name;
    std::uint16_t edge_above = no_interface; // over which its gradients come; none at the top
  };

  explicit group_table(const trace_names&);

  const std::vector<group>& groups() const { return groups_; }
  // Position in groups(); -1: not a group.
  int position_of(std::uint32_t actor) const {
    const auto& of_node = positions_[node_of(actor)];
    const auto number = actor & 0xffff;
    return number < of_node.size() ? of_node[number] : -1;
  }
  bool is_top(int position) const { return position + 1 == static_cast<int>(groups_.size()); }
  std::uint16_t edge_above(int position) const { return groups_[static_cast<std::size_t>(position)].edge_above; }

private:
  std::vector<group> groups_;
  std::array<std::vector<std::int16_t>, 256> positions_; // by node, by actor number
};

// Finds the forward passes and the backward passes with updates inside the handlers of groups.
//
// A handler may finish one batch and start the next: the sends and updates inside it are the ends of its parts. A part
// that ends with the send of a batch's activation is its forward pass; where the group had to wait for a credit first,
// the forward pass is the last part of the handler that ended so. A part that ends with an update is the backward pass
// and the update; at the top group it holds the forward pass and the loss too.
//
// Memory: a few words a group. One thread.
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
