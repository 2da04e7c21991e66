// What a trace calls its actors and threads, and facts about its run. Text on disk, one line each, fields between tabs:
//
//   actor   ID  ROLE  INDEX  TITLE      ROLE: source, group, predictor, solver, coordinator, link, other
//   thread  NODE  RING  NAME
//   fact    KEY  VALUE                  policy, groups, threads, ...
#pragma once

#include "runtime/trace/trace_record.hpp"

#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace syngrad {

enum class actor_role : std::uint8_t { other, source, group, predictor, solver, coordinator, link };
std::string_view name_of(actor_role);

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
