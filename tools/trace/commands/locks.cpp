#include "tools/trace/analysis/training_analyses.hpp"

#include "tools/progress/text_table.hpp"
#include "tools/trace/trace_command.hpp"

#include <cmath>

namespace syngrad::tools {

namespace {

std::string sentence_of(const lock_replay& found) {
  const auto times = [&](double one, double other) { return show_real(one / other, 2); };
  const auto both = show_real(found.measured_ns / 1e6, 3) + " ms as it ran, " + show_real(found.locked_ns / 1e6, 3) +
                    " ms with backpropagation's locks: ";
  if (found.avoided_ns() > 0)
    return "A batch took " + both + times(found.locked_ns, found.measured_ns) + " times as long.\n";
  return "A batch took " + both + "no update lock was avoided (" + times(found.locked_ns, found.measured_ns) +
         " times as long).\n";
}

answer_table comparison_of(const lock_replay& found) {
  const double longest = std::max({found.measured_ns, found.locked_ns, 1.0});
  answer_table table{"a_batch", {{"what", "", 0}, {"time", "ms", 3}, {"bar", "bar", 0}}, {}};
  const auto add = [&](const char* what, double ns) {
    table.rows.push_back({std::string(what), ns / 1e6, ns / longest});
  };
  add("measured", found.measured_ns);
  add("median", found.median_step_ns);
  add("locked", found.locked_ns);
  add("avoided", found.avoided_ns());
  return table;
}

answer_table groups_of(const lock_replay& found) {
  answer_table table{"groups", {{"group", "", 0}, {"forward", "ms", 3}, {"backward", "ms", 3}}, {}};
  for (const auto& each : found.groups)
    table.rows.push_back({each.name, each.forward_ns / 1e6, each.backward_ns / 1e6});
  return table;
}

status check_locks_filter(const trace_filter& filter) {
  if (!filter.actors.empty() || filter.interface || filter.type || filter.where)
    return error{"the replay needs every group's messages: only --batch, --from, --to and --node can narrow it"};
  return ok();
}

result<answer> answer_locks(const trace_request& request) {
  if (auto good = check_locks_filter(request.filter); !good) return good.failure();
  const auto found = replay_locked(request.run(), request.filter);
  if (!found) return found.failure();
  answer out;
  out.text = sentence_of(*found);
  out.tables = {comparison_of(*found), groups_of(*found)};
  out.notes.push_back("Medians of " + std::to_string(found->batches) + " batches; a hop between actors takes " +
                      show_real(found->hop_ns / 1e3, 1) + " us, the source " + show_real(found->source_ns / 1e6, 3) +
                      " ms a batch.");
  if (found->has_device_work) out.notes.push_back("Work that handlers left to a device is not in these durations.");
  if (request.run().sample() > 1)
    out.notes.push_back("In a sample, handlers that did two batches' work look longer than they were.");
  if (request.run().names().fact("policy") == "corrected")
    out.notes.push_back("Policy corrected makes no gradient at the input in its first backward pass: the replay leaves "
                        "that out too.");
  return out;
}

} // namespace

const trace_command locks_command{
  "locks",
  "RUN",
  "what backpropagation would have cost here: the same work, replayed with its backward edges",
  "  a_batch  measured: the time from one batch to the next, as the run went (evaluations left out); locked: the "
  "measured\n"
  "           durations replayed with one batch at a time, each group waiting for the true gradient; avoided: the\n"
  "           difference, which is update lock; median: half of the measured batches took less\n"
  "  groups   the medians that are replayed; backward: with the update; at the top group with the forward pass and the "
  "loss",
  1,
  1,
  true,
  answer_locks};

} // namespace syngrad::tools
