#include "runtime/trace/trace_vocabulary.hpp"

#include <array>

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
  "none", "loss", "staleness", "cosine", "norm_ratio", "audit_cosine", "audit_norm_ratio", "audit_bias"};
constexpr std::array<std::string_view, 3> gradient_names{"synthetic", "true", "residual"};

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

} // namespace syngrad
