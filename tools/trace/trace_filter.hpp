// Which records a trace command looks at, and the language of --where.
#pragma once

#include "runtime/result.hpp"
#include "runtime/trace/trace_record.hpp"
#include "runtime/trace/trace_vocabulary.hpp"

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

namespace syngrad::tools {

// The language of --where: comparisons of a record's fields, joined by and, or, not and brackets.
//
//   expression := conjunction ("or" conjunction)*        also ||
//   conjunction := term ("and" term)*                    also &&
//   term := ("not" | "!") term | "(" expression ")" | field operator value
//   operator := "=" | "==" | "!=" | "<" | "<=" | ">" | ">="
//   field := time (ns) | kind | type | actor | peer | batch | version | bytes | value | interface | node | message |
//            parent | measure
//   value := a number, or a name: of a kind, a message type, a measure, or an actor in quotes ('group 3')
//
// A field that a record does not have (bytes of an update, the batch of a timer) makes every comparison false, also !=.
// An actor may also be named by its role, or a group by its number, and only compared with = and !=.
//
// Copies share the parsed form; any thread.
class where_expression {
public:
  // The error says what was expected, and where in `text`.
  static result<where_expression> parse(const std::string& text, const trace_names&);

  bool holds(const trace_record& record) const { return root_->holds(record); }

  class node {
  public:
    virtual ~node() = default;
    virtual bool holds(const trace_record&) const = 0;
  };

private:
  explicit where_expression(std::shared_ptr<const node> root) : root_(std::move(root)) {}
  std::shared_ptr<const node> root_;
};

// Which records a trace command looks at: --from --to --batch --actor --interface --type --node --where.
//
// What does not narrow costs nothing. Copies are cheap; any thread.
struct trace_filter {
  std::int64_t from_ns = std::numeric_limits<std::int64_t>::min(); // absolute, inclusive
  std::int64_t to_ns = std::numeric_limits<std::int64_t>::max();   // absolute, exclusive
  std::optional<std::pair<std::uint32_t, std::uint32_t>> batches;  // inclusive
  std::set<std::uint32_t> actors;                                  // either end of a message; empty: all
  std::optional<std::uint16_t> interface;
  std::optional<std::uint8_t> type; // a trace_message; records of other kinds than messages do not pass then
  std::optional<std::uint8_t> node;
  std::optional<where_expression> where;

  bool narrows() const {
    return from_ns != std::numeric_limits<std::int64_t>::min() || to_ns != std::numeric_limits<std::int64_t>::max() ||
           batches || !actors.empty() || interface || type || node || where;
  }
  bool passes(const trace_record&) const;
};

// Actors by title ("group 3"), by "3" for the group of that number, or by kind ("predictor"); several with commas.
result<std::set<std::uint32_t>> find_actors(const std::string& text, const trace_names&);

// Whether `type` of such a record is a trace_message.
constexpr bool is_message(record_kind kind) {
  return kind >= record_kind::send && kind <= record_kind::drop;
}

inline bool trace_filter::passes(const trace_record& record) const {
  if (record.time_ns < from_ns || record.time_ns >= to_ns) return false;
  if (batches && (record.batch < batches->first || record.batch > batches->second)) return false;
  if (!actors.empty() && !actors.contains(record.actor) && !actors.contains(record.peer)) return false;
  if (interface && record.interface != *interface) return false;
  if (type && (!is_message(record.kind) || record.type != *type)) return false;
  if (node && node_of(record.actor) != *node) return false;
  return !where || where->holds(record);
}

} // namespace syngrad::tools
