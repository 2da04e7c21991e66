#include "runtime/trace/trace_vocabulary.hpp"

#include "runtime/text.hpp"

#include <array>
#include <optional>
#include <vector>

namespace syngrad {

namespace {

constexpr std::array<std::string_view, record_kind_count> record_kind_names{
  "none", "send", "enqueue", "begin",  "end",   "serialize", "deserialize",
  "drop", "gpu",  "update",  "metric", "clock", "spawn",     "exit"};
constexpr std::array<std::string_view, trace_message_count> message_names{
  "other",           "activation",     "gradient",
  "audit_gradient",  "predict",        "synthetic_gradient",
  "target",          "solve",          "solved",
  "targets_dropped", "credit",         "flush_mark",
  "batch_done",      "evaluated",      "flushed",
  "failure",         "work_done",      "evaluation_done",
  "connect",         "train",          "resume_training",
  "stop_training",   "evaluate",       "evaluation_begun",
  "training_ended",  "report_request", "report",
  "next_target",     "progress_tick",  "gradients_wanted",
  "batch_alone",     "all_sent",       "evaluation_missed",
  "control"};
constexpr std::array<std::string_view, trace_measure_count> measure_names{
  "none",       "loss",           "staleness", "cosine", "norm_ratio", "audit_cosine", "audit_norm_ratio",
  "audit_bias", "activation_rms", "gate"};
constexpr std::array<std::string_view, 5> gradient_names{"synthetic", "true", "residual", "local", "bootstrapped"};
constexpr std::array<std::string_view, 7> role_names{"other",  "source",      "group", "predictor",
                                                     "solver", "coordinator", "link"};

template <class Names, class Number>
std::string_view name_in(const Names& names, Number number) {
  const auto at = static_cast<std::size_t>(number);
  return at < names.size() ? names[at] : "unknown";
}

template <class Number, class Names>
std::optional<Number> number_in(const Names& names, std::string_view name) {
  for (std::size_t i = 0; i < names.size(); ++i)
    if (names[i] == name) return static_cast<Number>(i);
  return std::nullopt;
}

// Tabs and line breaks would be read as the format's own.
std::string plain(std::string_view text) {
  std::string out(text);
  for (auto& c : out)
    if (c == '\t' || c == '\n') c = ' ';
  return out;
}

} // namespace

std::string_view name_of(record_kind kind) {
  return name_in(record_kind_names, kind);
}

std::string_view name_of(trace_message type) {
  return name_in(message_names, type);
}

std::string_view name_of(trace_measure measure) {
  return name_in(measure_names, measure);
}

std::string_view name_of(applied_gradient gradient) {
  return name_in(gradient_names, gradient);
}

std::optional<record_kind> record_kind_named(std::string_view name) {
  return number_in<record_kind>(record_kind_names, name);
}

std::optional<trace_message> trace_message_named(std::string_view name) {
  return number_in<trace_message>(message_names, name);
}

std::optional<trace_measure> trace_measure_named(std::string_view name) {
  return number_in<trace_measure>(measure_names, name);
}

std::string_view name_of(actor_role role) {
  return name_in(role_names, role);
}

std::string trace_names::title_of(std::uint32_t id) const {
  if (const auto found = actors.find(id); found != actors.end()) return found->second.title;
  return "actor " + std::to_string(node_of(id)) + ":" + std::to_string(id & 0xffff);
}

std::string trace_names::fact(const std::string& key) const {
  const auto found = facts.find(key);
  return found == facts.end() ? std::string() : found->second;
}

std::string trace_names::text() const {
  std::string out;
  for (const auto& [id, each] : actors)
    out += "actor\t" + std::to_string(id) + '\t' + std::string(name_of(each.role)) + '\t' + std::to_string(each.index) +
           '\t' + plain(each.title) + '\n';
  for (const auto& [ring, name] : threads)
    out += "thread\t" + std::to_string(ring.first) + '\t' + std::to_string(ring.second) + '\t' + plain(name) + '\n';
  for (const auto& [key, value] : facts) out += "fact\t" + plain(key) + '\t' + plain(value) + '\n';
  return out;
}

void trace_names::add(std::string_view text) {
  while (!text.empty()) {
    const auto end = text.find('\n');
    const auto fields = split_text(text.substr(0, end), '\t');
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (fields.size() == 5 && fields[0] == "actor") {
      const auto id = parse_number<std::uint32_t>(fields[1]);
      const auto index = parse_number<int>(fields[3]);
      if (id && index)
        actors[*id] = {number_in<actor_role>(role_names, fields[2]).value_or(actor_role::other), *index,
                       std::string(fields[4])};
    } else if (fields.size() == 4 && fields[0] == "thread") {
      const auto node = parse_number<std::uint8_t>(fields[1]);
      const auto ring = parse_number<std::uint16_t>(fields[2]);
      if (node && ring) threads[{*node, *ring}] = std::string(fields[3]);
    } else if (fields.size() == 3 && fields[0] == "fact") {
      facts[std::string(fields[1])] = std::string(fields[2]);
    }
  }
}

} // namespace syngrad
