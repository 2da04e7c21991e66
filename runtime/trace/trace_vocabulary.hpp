// What a trace calls things. Numbers by name: kinds of records, types of messages, measures; part of the format, so
// that a number never changes its meaning, and new ones are added at the end. And the names that a run gives:
// trace_names.
#pragma once

#include "runtime/trace/trace_record.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

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

enum class actor_role : std::uint8_t { other, source, group, predictor, solver, coordinator, link };
std::string_view name_of(actor_role);

// What a trace calls its actors and threads, and facts about its run. Text on disk, one line each, fields between tabs:
//
//   actor   ID  ROLE  INDEX  TITLE      ROLE: source, group, predictor, solver, coordinator, link, other
//   thread  NODE  RING  NAME
//   fact    KEY  VALUE                  policy, groups, threads, ...
struct trace_names {
  struct actor {
    actor_role role = actor_role::other;
    int index = 0;     // "group 3": 3
    std::string title; // "group 3"
  };

  std::map<std::uint32_t, actor> actors;                                 // by actor id
  std::map<std::pair<std::uint8_t, std::uint16_t>, std::string> threads; // by node and ring
  std::map<std::string, std::string> facts;

  std::string title_of(std::uint32_t actor) const; // "actor 1:5" where it has no name
  std::string fact(const std::string& key) const;  // empty where it is not there

  std::string text() const;
  // Adds what `text` says. Lines that cannot be read are left out: newer versions may write more.
  void add(std::string_view text);
};

} // namespace syngrad
