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
#pragma once

#include "runtime/result.hpp"
#include "runtime/trace/trace_names.hpp"
#include "runtime/trace/trace_record.hpp"

#include <memory>
#include <string>

namespace syngrad::tools {

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

} // namespace syngrad::tools
