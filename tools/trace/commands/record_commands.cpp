// Commands that show records as they are: show, and what one message caused: follow.
#include "runtime/trace/trace_vocabulary.hpp"
#include "tools/progress/text_table.hpp"
#include "tools/trace/analysis/causal_analyses.hpp"
#include "tools/trace/record_text.hpp"
#include "tools/trace/trace_command.hpp"

#include <fmt/core.h>
#include <utility>

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
  if (more) out.notes.push_back(fmt::format("There are more: these are the first {}; --limit N shows N.", limit));
  out.tables.push_back(std::move(table));
  return out;
}

} // namespace

const trace_command show_command{"show", "RUN", "the records, readable", show_explained, 1, 1, true, answer_show};

namespace {

constexpr const char* follow_explained =
  "What a message caused, as a tree: below each message those that were sent while it was handled (an activation that\n"
  "waited for its turn stands below the one that brought its batch). MESSAGE is a number as `syngrad trace show` "
  "prints\n"
  "it, decimal or after 0x; or --batch N for everything of a batch.\n"
  "  sent       since the first record of the trace\n"
  "  wire       from the send to the arrival, where another node sent it\n"
  "  queue      from the arrival to the begin of its handling; open: not begun in this trace\n"
  "  handler    the handling; open: not ended\n"
  "  update     the weights that the handler moved: to which version, with which gradient\n"
  "At most 1,000 messages, or --limit. In csv and json: a table in the tree's order, with the depth of each.";

constexpr std::int64_t most_messages = 1000;

std::vector<answer_column> columns() {
  return {{"depth", "", 0},  {"message", "", 0}, {"parent", "", 0},    {"type", "", 0},
          {"from", "", 0},   {"to", "", 0},      {"batch", "", 0},     {"sent", "ns", 0},
          {"wire", "ns", 0}, {"queue", "ns", 0}, {"handler", "ns", 0}, {"update", "", 0}};
}

cell between(std::optional<std::int64_t> from, std::optional<std::int64_t> to) {
  if (!from || !to) return std::monostate{};
  return *to - *from;
}

std::string duration_text(std::optional<std::int64_t> from, std::optional<std::int64_t> to) {
  if (!from) return "-";
  if (!to) return "open";
  const auto ns = static_cast<double>(*to - *from);
  return ns < 1e6 ? show_real(ns * 1e-3, 1) + " us" : show_real(ns * 1e-6, 2) + " ms";
}

// Who sent it and to whom: the first record may be of either end.
std::pair<std::uint32_t, std::uint32_t> ends_of(const trace_record& first) {
  if (first.kind == record_kind::send) return {first.actor, first.peer};
  return {first.peer, first.actor};
}

std::string update_text(const message_node& node) {
  std::string text;
  for (const auto& each : node.updates)
    text += fmt::format("{}version {} with {} gradient", text.empty() ? "" : ", ", each.version, type_text(each));
  return text;
}

class printer {
public:
  printer(const message_tree& tree, const trace_run& run) : tree_(tree), run_(run) {}

  // Depth first with a stack of its own: a chain of parents may be as long as the run.
  answer print() {
    answer_table table{"messages", columns(), {}};
    struct branch_to_print {
      std::size_t node;
      std::string indent; // of its children
      std::string branch; // its own
    };
    std::vector<branch_to_print> open;
    for (auto root = tree_.roots.rbegin(); root != tree_.roots.rend(); ++root) open.push_back({*root, "", ""});
    answer out;
    while (!open.empty()) {
      const auto now = std::move(open.back());
      open.pop_back();
      const auto& node = tree_.nodes[now.node];
      out.text += now.branch + line(node) + '\n';
      table.rows.push_back(row(node));
      for (std::size_t i = node.children.size(); i-- > 0;) {
        const bool last = i + 1 == node.children.size();
        open.push_back({node.children[i], now.indent + (last ? "   " : "│  "), now.indent + (last ? "└─ " : "├─ ")});
      }
    }
    out.tables.push_back(std::move(table));
    return out;
  }

private:
  std::string line(const message_node& node) const {
    const auto [from, to] = ends_of(node.sent);
    const auto& names = run_.names();
    std::string text = std::string(name_of(static_cast<trace_message>(node.sent.type))) + ' ' +
                       message_text(node.sent.message) + "  " + names.title_of(from) + " → " + names.title_of(to);
    if (node.sent.batch != no_trace_batch) text += fmt::format("  batch {}", node.sent.batch);
    if (node.send_ns)
      text += "  at " + show_real(static_cast<double>(*node.send_ns - run_.begin_ns()) * 1e-6, 3) + " ms";
    if (node.send_ns && node.arrival_ns && *node.arrival_ns != *node.send_ns)
      text += "  wire " + duration_text(node.send_ns, node.arrival_ns);
    text += "  queue " + duration_text(node.arrival_ns, node.begin_ns) + "  handler " +
            duration_text(node.begin_ns, node.end_ns);
    const auto update = update_text(node);
    return update.empty() ? text : text + "  ⟹ " + update;
  }

  std::vector<cell> row(const message_node& node) const {
    const auto [from, to] = ends_of(node.sent);
    const auto& sent = node.sent;
    return {static_cast<std::int64_t>(node.depth),
            message_text(sent.message),
            sent.parent == 0 ? cell() : cell(message_text(sent.parent)),
            std::string(name_of(static_cast<trace_message>(sent.type))),
            run_.names().title_of(from),
            run_.names().title_of(to),
            sent.batch == no_trace_batch ? cell() : cell(static_cast<std::int64_t>(sent.batch)),
            node.send_ns ? cell(*node.send_ns - run_.begin_ns()) : cell(),
            between(node.send_ns, node.arrival_ns),
            between(node.arrival_ns, node.begin_ns),
            between(node.begin_ns, node.end_ns),
            update_text(node)};
  }

  const message_tree& tree_;
  const trace_run& run_;
};

result<message_tree> tree_of(const trace_request& request) {
  const auto most = static_cast<std::size_t>(request.limit > 0 ? request.limit : most_messages);
  if (request.words.empty()) {
    if (!request.filter.batches)
      return error::setting("name a message or a batch; usage: syngrad trace follow RUN MESSAGE, or RUN --batch N");
    auto trees = find_trees(request.run(), request.filter, most);
    if (trees.roots.empty())
      return error::setting(fmt::format("--batch: there is no message of batch {} in this trace{}",
                                        request.filter.batches->first,
                                        request.run().sample() > 1 ? ", which is a sample" : ""));
    return trees;
  }
  const auto& word = request.words.front();
  const auto message = parse_message(word);
  if (!message || *message == 0 || request.words.size() > 1)
    return error::setting("expected the number of one message, got '" + request.words.back() +
                          "'; `syngrad trace show RUN` prints them, for example 0x1000000002a");
  auto tree = find_descendants(request.run(), request.filter, *message, most);
  if (tree.roots.empty())
    return error::setting("there is no message " + word +
                          " in this trace; `syngrad trace show RUN` prints their numbers");
  return tree;
}

result<answer> answer_follow(const trace_request& request) {
  const auto tree = tree_of(request);
  if (!tree) return tree.failure();
  auto out = printer(*tree, request.run()).print();
  if (request.format == "table") out.tables.clear(); // the text says it all
  if (!tree->whole)
    out.notes.push_back(
      fmt::format("There are more: only the first {} messages are here; --limit N shows N.", tree->nodes.size()));
  return out;
}

} // namespace

const trace_command follow_command{"follow",
                                   "RUN MESSAGE",
                                   "what a message, or all of --batch N, caused: a tree with times",
                                   follow_explained,
                                   1,
                                   1,
                                   true,
                                   answer_follow,
                                   true};

} // namespace syngrad::tools
