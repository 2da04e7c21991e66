// The numbers of a trace by name: kinds of records, types of messages, measures. Part of the format: a number never
// changes its meaning, and new ones are added at the end.
#pragma once

#include "runtime/trace/trace_record.hpp"

#include <optional>
#include <string_view>

namespace syngrad {

// Of send, begin, end and the like. `other`: a message that is not named here.
enum class trace_message : std::uint8_t {
  other,
  activation,
  gradient,
  audit_gradient,
  predict,
  synthetic_gradient,
  target,
  solve,
  solved,
  targets_dropped,
  credit,
  flush_mark,
  batch_done,
  evaluated,
  flushed,
  failure,
  work_done,
  evaluation_done,
  connect,
  train,
  resume_training,
  stop_training,
  evaluate,
  evaluation_begun,
  training_ended,
  report_request,
  report,
  next_target,
  progress_tick,
  gradients_wanted,
  batch_alone,
  all_sent,
  evaluation_missed,
  control,
};
inline constexpr int trace_message_count = 34;

std::string_view name_of(record_kind);
std::string_view name_of(trace_message);
std::string_view name_of(trace_measure);
std::string_view name_of(applied_gradient);
std::optional<record_kind> record_kind_named(std::string_view);
std::optional<trace_message> trace_message_named(std::string_view);
std::optional<trace_measure> trace_measure_named(std::string_view);

} // namespace syngrad
