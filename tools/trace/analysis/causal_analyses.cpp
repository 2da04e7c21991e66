#include "tools/trace/analysis/causal_analyses.hpp"

#include "runtime/trace/trace_vocabulary.hpp"
#include "tools/trace/analysis/message_table.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/core.h>
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
    if (const auto known = index_.find(record.message); known != index_.end()) return &tree_.nodes[known->second];
    if (record.kind == record_kind::update) return nullptr; // its parent is not the message's
    const auto parent = index_.find(record.parent);
    const bool is_root = root_ == 0 ? parent == index_.end() : record.message == root_;
    if (!is_root && parent == index_.end()) return nullptr;
    if (tree_.nodes.size() == most_) {
      tree_.whole = false;
      return nullptr;
    }
    const auto index = tree_.nodes.size();
    index_.emplace(record.message, index);
    auto& node = tree_.nodes.emplace_back();
    node.sent = record;
    if (is_root) {
      tree_.roots.push_back(index);
    } else {
      node.depth = tree_.nodes[parent->second].depth + 1;
      tree_.nodes[parent->second].children.push_back(index);
    }
    return &node;
  }

  std::uint64_t root_;
  std::size_t most_;
  message_tree tree_;
  std::unordered_map<std::uint64_t, std::size_t> index_;
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

namespace {

bool is(const trace_record& record, trace_message type) {
  return record.type == static_cast<std::uint8_t>(type);
}

struct found_update {
  trace_record record;
  std::int64_t residuals = 0;
};

// Residuals bear the version that they will be applied with: the update itself is the record that is none, if any is.
result<found_update> find_update(const trace_run& run, std::uint32_t group, std::uint32_t version) {
  trace_filter filter;
  filter.actors = {group};
  std::optional<found_update> found;
  std::int64_t residuals = 0;
  std::uint32_t least = std::numeric_limits<std::uint32_t>::max(), largest = 0;
  run.for_each(filter, [&](const trace_record& record) {
    if (record.kind != record_kind::update || record.actor != group) return;
    least = std::min(least, record.version);
    largest = std::max(largest, record.version);
    if (record.version != version) return;
    const bool is_residual = record.type == static_cast<std::uint8_t>(applied_gradient::residual);
    residuals += is_residual;
    if (!found || !is_residual) found = found_update{record, 0};
  });
  if (found) {
    const bool alone = found->record.type == static_cast<std::uint8_t>(applied_gradient::residual);
    found->residuals = alone ? residuals - 1 : residuals;
    return *found;
  }
  const auto asked = fmt::format("{} has no update to version {}", run.names().title_of(group), version);
  if (least > largest) return error::setting(asked + " in this trace, nor any other");
  return error::setting(fmt::format("{} in this trace; it has versions {} to {}{}", asked, least, largest,
                                    run.sample() > 1 ? ", of one batch in " + std::to_string(run.sample()) : ""));
}

class batch_messages {
public:
  batch_messages(const trace_run& run, std::uint32_t batch) {
    trace_filter filter;
    filter.batches = {batch, batch};
    run.for_each(filter, [&](const trace_record& record) { take(record); });
  }

  const story_message* find(std::uint64_t id) const {
    const auto found = messages_.find(id);
    return id == 0 || found == messages_.end() ? nullptr : &found->second;
  }
  const story_message* activation(bool (*matches)(const trace_record&, std::uint32_t), std::uint32_t actor) const {
    for (const auto& [id, each] : messages_)
      if (is(each.sent, trace_message::activation) && matches(each.sent, actor)) return &each;
    return nullptr;
  }
  const story_message* activation_to(std::uint32_t actor) const {
    return activation([](const trace_record& sent, std::uint32_t who) { return sent.peer == who; }, actor);
  }
  const story_message* activation_from(std::uint32_t actor) const {
    return activation([](const trace_record& sent, std::uint32_t who) { return sent.actor == who; }, actor);
  }
  std::optional<double> measured(std::uint32_t group, trace_measure which) const {
    for (const auto& each : metrics_)
      if (each.actor == group && each.type == static_cast<std::uint8_t>(which) && std::isfinite(each.measured()))
        return each.measured();
    return std::nullopt;
  }

private:
  void take(const trace_record& record) {
    if (record.kind == record_kind::metric) metrics_.push_back(record);
    if (record.message == 0) return;
    if (record.kind == record_kind::send) messages_[record.message].sent = record;
    const auto sent = messages_.find(record.message);
    if (sent == messages_.end()) return;
    if (record.kind == record_kind::begin) sent->second.begin_ns = record.time_ns;
    if (record.kind == record_kind::end) sent->second.end_ns = record.time_ns;
  }

  std::unordered_map<std::uint64_t, story_message> messages_;
  std::vector<trace_record> metrics_;
};

std::vector<story_message> chain_behind(const trace_record& update, const batch_messages& messages) {
  std::vector<story_message> chain;
  const auto* next = messages.find(update.message);
  if (!next) next = messages.find(update.parent);
  if (!next) next = messages.activation_to(update.actor);
  while (next) {
    chain.push_back(*next);
    const auto& sent = next->sent;
    next = messages.find(sent.parent);
    if (!next) next = messages.activation_to(sent.actor);
    // A cause is older than what it caused; a damaged trace may say otherwise.
    if (next && next->sent.time_ns >= sent.time_ns) break;
  }
  std::reverse(chain.begin(), chain.end());
  return chain;
}

} // namespace

result<update_story> find_update_story(const trace_run& run, std::uint32_t group, std::uint32_t version) {
  const auto found = find_update(run, group, version);
  if (!found) return found.failure();
  const auto& update = found->record;
  const batch_messages messages(run, update.batch);
  update_story story;
  story.update = update;
  story.residuals = found->residuals;
  if (const auto* sent = messages.activation_from(group)) {
    story.forward_ns = sent->sent.time_ns;
    story.forward_version = sent->sent.version;
  }
  story.staleness = messages.measured(group, trace_measure::staleness);
  story.cosine = messages.measured(group, trace_measure::cosine);
  story.norm_ratio = messages.measured(group, trace_measure::norm_ratio);
  story.audit_cosine = messages.measured(group, trace_measure::audit_cosine);
  story.audit_norm_ratio = messages.measured(group, trace_measure::audit_norm_ratio);
  story.audit_bias = messages.measured(group, trace_measure::audit_bias);
  story.chain = chain_behind(update, messages);
  for (const auto& each : story.chain)
    if (is(each.sent, trace_message::synthetic_gradient)) story.predictor = each.sent.actor;
  return story;
}

namespace {

struct numbered_message {
  std::uint64_t message = 0, number = 0;

  auto operator<=>(const numbered_message&) const = default;
};

bool can_begin(const trace_record& record) {
  return record.kind == record_kind::send && record.message != 0;
}

bool can_end(const trace_record& record) {
  return record.kind == record_kind::begin && record.message != 0;
}

} // namespace

message_arrows::message_arrows(const trace_run& run, const trace_filter& filter) {
  std::vector<numbered_message> sent, handled;
  std::uint64_t number = 0;
  run.for_each(filter, [&](const trace_record& record) {
    if (can_begin(record)) sent.push_back({record.message, number});
    if (can_end(record)) handled.push_back({record.message, number});
    ++number;
  });
  std::sort(sent.begin(), sent.end());
  std::sort(handled.begin(), handled.end());
  auto next = handled.begin();
  for (auto first = sent.begin(); first != sent.end();) {
    const auto message = first->message;
    next = std::lower_bound(next, handled.end(), numbered_message{message, 0});
    const auto end = std::find_if(next, handled.end(), [&](const auto& each) { return each.message != message; });
    if (next != end) {
      if (std::prev(end)->number > first->number)
        arrows_.push_back({message, first->number, std::prev(end)->number});
      else
        ++backwards_;
    }
    next = end;
    first = std::find_if(first, sent.end(), [&](const auto& each) { return each.message != message; });
  }
}

arrow_part message_arrows::part_of(const trace_record& record, std::uint64_t number) const {
  if (!can_begin(record) && !can_end(record)) return arrow_part::none;
  const auto found = std::lower_bound(arrows_.begin(), arrows_.end(), record.message,
                                      [](const arrow& each, std::uint64_t message) { return each.message < message; });
  if (found == arrows_.end() || found->message != record.message) return arrow_part::none;
  if (number < found->begin || number > found->end) return arrow_part::none;
  if (number == found->begin) return arrow_part::begin;
  return number == found->end ? arrow_part::end : arrow_part::step;
}

} // namespace syngrad::tools
