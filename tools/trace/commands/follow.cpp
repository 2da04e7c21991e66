#include "tools/trace/trace_command.hpp"

#include "runtime/trace/trace_vocabulary.hpp"
#include "tools/progress/text_table.hpp"
#include "tools/trace/analysis/message_tree.hpp"
#include "tools/trace/record_text.hpp"

#include <utility>

namespace syngrad::tools {

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
    text += (text.empty() ? "" : ", ") + std::string("version ") + std::to_string(each.version) + " with " +
            type_text(each) + " gradient";
  return text;
}

class printer {
public:
  printer(const message_tree& tree, const trace_run& run) : tree_(tree), run_(run) {}

  // Depth first with a stack of its own: a chain of parents may be as long as the run.
  answer print() {
    answer_table table{"messages", columns(), {}};
    struct place {
      std::size_t node;
      std::string indent; // of its children
      std::string branch; // its own
    };
    std::vector<place> open;
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
    if (node.sent.batch != no_trace_batch) text += "  batch " + std::to_string(node.sent.batch);
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
      return error{"name a message or a batch; usage: syngrad trace follow RUN MESSAGE, or RUN --batch N"};
    auto trees = find_trees(request.run(), request.filter, most);
    if (trees.roots.empty())
      return error{"--batch: there is no message of batch " + std::to_string(request.filter.batches->first) +
                   " in this trace" + (request.run().sample() > 1 ? ", which is a sample" : "")};
    return trees;
  }
  const auto& word = request.words.front();
  const auto message = parse_message(word);
  if (!message || *message == 0 || request.words.size() > 1)
    return error{"expected the number of one message, got '" + request.words.back() +
                 "'; `syngrad trace show RUN` prints them, for example 0x1000000002a"};
  auto tree = find_descendants(request.run(), request.filter, *message, most);
  if (tree.roots.empty())
    return error{"there is no message " + word + " in this trace; `syngrad trace show RUN` prints their numbers"};
  return tree;
}

result<answer> answer_follow(const trace_request& request) {
  const auto tree = tree_of(request);
  if (!tree) return tree.failure();
  auto out = printer(*tree, request.run()).print();
  if (request.format == "table") out.tables.clear(); // the text says it all
  if (!tree->whole)
    out.notes.push_back("There are more: only the first " + std::to_string(tree->nodes.size()) +
                        " messages are here; --limit N shows N.");
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
