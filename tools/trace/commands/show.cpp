#include "tools/trace/trace_command.hpp"

#include "runtime/trace/trace_vocabulary.hpp"
#include "tools/trace/record_text.hpp"

namespace syngrad::tools {

namespace {

constexpr const char* show_explained =
  "The records in the order of time, the first 100 or --limit; combine with --from, --actor, --where and the like.\n"
  "  time       since the first record of the trace\n"
  "  kind       send, begin and end of a message's handling; update: weights moved; metric: something was measured\n"
  "  type       of the message; of an update: which gradient moved the weights; of a metric: the measure\n"
  "  actor      who sends, handles, updates or measures; `peer` is the other end of the message\n"
  "  version    of the actor's weights\n"
  "  value      bytes of the message's tensors; at an end: what the actor waits for; of a metric: its value; of an\n"
  "             update: the version of the predictor\n"
  "  message    its number, as `syngrad trace follow RUN MESSAGE` takes it; `parent` is the message behind it";

constexpr std::int64_t most_records = 100;

cell number_or_none(std::uint64_t number, std::uint64_t none) {
  if (number == none) return std::monostate{};
  return static_cast<std::int64_t>(number);
}

cell message_or_none(std::uint64_t message) {
  if (message == 0) return std::monostate{};
  return message_text(message);
}

std::vector<cell> row_of(const trace_record& record, const trace_run& run) {
  const auto& names = run.names();
  const bool has_peer = is_message(record.kind) || record.kind == record_kind::gpu;
  return {record.time_ns - run.begin_ns(),
          std::string(name_of(record.kind)),
          type_text(record),
          names.title_of(record.actor),
          has_peer ? cell(peer_of(record, names)) : cell(),
          number_or_none(record.batch, no_trace_batch),
          static_cast<std::int64_t>(record.version),
          value_of(record),
          number_or_none(record.interface, no_interface),
          message_or_none(record.message),
          message_or_none(record.kind == record_kind::gpu ? 0 : record.parent)};
}

result<answer> answer_show(const trace_request& request) {
  const auto limit = static_cast<std::size_t>(request.limit > 0 ? request.limit : most_records);
  answer_table table{"records", {{"time", "ns", 0}}, {}};
  for (const auto* title :
       {"kind", "type", "actor", "peer", "batch", "version", "value", "interface", "message", "parent"})
    table.columns.push_back({title, "", 4});
  bool more = false;
  request.run().for_each(request.filter, [&](const trace_record& record) {
    more = table.rows.size() == limit;
    if (!more) table.rows.push_back(row_of(record, request.run()));
    return !more;
  });
  answer out;
  if (more)
    out.notes.push_back("There are more: these are the first " + std::to_string(limit) + "; --limit N shows N.");
  out.tables.push_back(std::move(table));
  return out;
}

} // namespace

const trace_command show_command{"show", "RUN", "the records, readable", show_explained, 1, 1, true, answer_show};

} // namespace syngrad::tools
