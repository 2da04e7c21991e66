// What caused what: trees of messages, the messages behind one update, the critical path, and arrows from sends to
// handlings.
#pragma once

#include "tools/trace/trace_run.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace syngrad::tools {

// Messages and what caused them: the tree below one message, or all trees of a batch.

struct message_node {
  trace_record sent; // its send, or the first record that tells of it
  std::optional<std::int64_t> send_ns, arrival_ns, begin_ns, end_ns;
  std::vector<trace_record> updates; // of weights, in its handler
  std::vector<std::size_t> children; // indices of message_tree::nodes, in the order of sends
  std::size_t depth = 0;
};

struct message_tree {
  std::vector<message_node> nodes;
  std::vector<std::size_t> roots; // indices of nodes
  bool whole = true;              // false: more messages belong to it than were asked for
};

// What descends from `message`; no root where the trace does not know it.
message_tree find_descendants(const trace_run&, const trace_filter&, std::uint64_t message, std::size_t most);
// Every message that passes; roots are those whose parent does not.
message_tree find_trees(const trace_run&, const trace_filter&, std::size_t most);

// Everything that a trace knows about one update of a group's weights, and the messages behind it, back to the source.

// A message on the way to an update. Times are missing where their records are.
struct story_message {
  trace_record sent; // as its send record says
  std::optional<std::int64_t> begin_ns, end_ns;
};

struct update_story {
  trace_record update;
  std::int64_t residuals = 0; // of earlier batches, that this update carried too
  // Of the batch's activation that the group sent up: when, and from which weights. Nothing at the top group.
  std::optional<std::int64_t> forward_ns;
  std::optional<std::uint32_t> forward_version;
  std::optional<double> staleness, cosine, norm_ratio, audit_cosine, audit_norm_ratio, audit_bias;
  std::optional<std::uint32_t> predictor; // the actor that answered
  // From the source to the message whose handling made the update. Where a message was sent while another batch's was
  // handled, the chain goes on with the activation that brought the batch to its sender.
  std::vector<story_message> chain;
};

// Of the update after which `group` had weights `version`. Reads the trace twice and keeps one batch's messages. Fails
// where there is no such update, and says which there are.
result<update_story> find_update_story(const trace_run&, std::uint32_t group, std::uint32_t version);

// The chain of work and waits that decided how long a batch, or the run, took: walked backwards from the last event;
// from a handler's begin to whatever let it begin last: the message's own send, or the end of the actor's earlier
// handler. Memory: of the run, 80 bytes a handled message; of a batch, the same for what happened meanwhile.
struct path_step {
  enum class category : std::uint8_t {
    compute, // in a handler, up to the send that goes on (or its end)
    queue,   // the message waited although the actor was free: for a thread
    actor,   // the message waited while the actor handled others: their work is on the path
    wire,    // between nodes
  } what;
  std::int64_t begin_ns = 0, end_ns = 0;
  std::uint32_t actor = 0;
  std::uint64_t message = 0;
  trace_record handled; // its begin record
};

std::string_view name_of(path_step::category);

struct critical_path {
  std::vector<path_step> steps; // in the order of time, without gaps
  std::int64_t span_ns = 0;
  // Share of the span by category and by actor, and how much later each actor could have ended what is not on the path.
  std::vector<std::pair<std::string, double>> by_category, by_actor;
  std::vector<std::pair<std::string, std::int64_t>> slack_ns; // mean over its handled messages that are not on the path
};

// Of `batch`: from its activation's send by the source to its last update, or to its last handler where it has none: a
// predictor's own training goes on after that. Without: of the run. Fails where the trace has no such batch.
result<critical_path> find_critical_path(const trace_run&, const trace_filter&, std::optional<std::uint32_t> batch);

enum class arrow_part { none, begin, step, end };

// The messages that an arrow can be drawn for: from the send to the handling, by way of whoever handles it in between
// (a link, where it crosses from one node to another).
//
// Where the handling comes before the send there is no arrow, and it is counted: times of several nodes are only as
// exact as their clocks are known to agree. Memory: 32 bytes a message while it is made, 24 afterwards. Const members
// from any thread.
class message_arrows {
public:
  message_arrows(const trace_run& run, const trace_filter& filter);

  // Of the record with that number, from 0, among those that pass the filter.
  arrow_part part_of(const trace_record&, std::uint64_t number) const;
  // Messages that were handled before they were sent.
  std::uint64_t backwards() const { return backwards_; }

private:
  struct arrow {
    std::uint64_t message = 0, begin = 0, end = 0; // numbers of records
  };

  std::vector<arrow> arrows_; // by message
  std::uint64_t backwards_ = 0;
};

} // namespace syngrad::tools
