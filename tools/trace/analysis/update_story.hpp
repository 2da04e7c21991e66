// Everything that a trace knows about one update of a group's weights, and the messages behind it, back to the source.
#pragma once

#include "tools/trace/trace_run.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace syngrad::tools {

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

} // namespace syngrad::tools
