#include "tools/trace/analysis/message_tree.hpp"

#include "tools/trace/analysis/message_table.hpp"

#include <unordered_map>

namespace syngrad::tools {

namespace {

class growth {
public:
  // `root` 0: whatever has no known parent is one.
  growth(std::uint64_t root, std::size_t most) : root_(root), most_(most) {}

  void add(const trace_record& record) {
    if (record.message == 0 || !(is_message(record.kind) || record.kind == record_kind::update)) return;
    auto* node = node_of_message(record);
    if (!node) return;
    switch (record.kind) {
    case record_kind::send:
      node->send_ns = record.time_ns;
      break;
    case record_kind::begin:
      node->begin_ns = record.time_ns;
      break;
    case record_kind::end:
      node->end_ns = record.time_ns;
      break;
    case record_kind::update:
      node->updates.push_back(record);
      break;
    default:
      break;
    }
    if (arrival_of(record).arrives) node->arrival_ns = record.time_ns;
  }

  message_tree take() { return std::move(tree_); }

private:
  message_node* node_of_message(const trace_record& record) {
    if (const auto known = places_.find(record.message); known != places_.end()) return &tree_.nodes[known->second];
    if (record.kind == record_kind::update) return nullptr; // its parent is not the message's
    const auto parent = places_.find(record.parent);
    const bool is_root = root_ == 0 ? parent == places_.end() : record.message == root_;
    if (!is_root && parent == places_.end()) return nullptr;
    if (tree_.nodes.size() == most_) {
      tree_.whole = false;
      return nullptr;
    }
    const auto place = tree_.nodes.size();
    places_.emplace(record.message, place);
    auto& node = tree_.nodes.emplace_back();
    node.sent = record;
    if (is_root) {
      tree_.roots.push_back(place);
    } else {
      node.depth = tree_.nodes[parent->second].depth + 1;
      tree_.nodes[parent->second].children.push_back(place);
    }
    return &node;
  }

  std::uint64_t root_;
  std::size_t most_;
  message_tree tree_;
  std::unordered_map<std::uint64_t, std::size_t> places_;
};

message_tree grow(const trace_run& run, const trace_filter& filter, std::uint64_t root, std::size_t most) {
  growth tree(root, most);
  run.for_each(filter, [&](const trace_record& record) { tree.add(record); });
  return tree.take();
}

} // namespace

message_tree find_descendants(const trace_run& run, const trace_filter& filter, std::uint64_t message,
                              std::size_t most) {
  return grow(run, filter, message, most);
}

message_tree find_trees(const trace_run& run, const trace_filter& filter, std::size_t most) {
  return grow(run, filter, 0, most);
}

} // namespace syngrad::tools
