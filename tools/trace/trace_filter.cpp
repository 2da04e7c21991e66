#include "tools/trace/trace_filter.hpp"

#include "runtime/io/value_text.hpp"
#include "runtime/nearest_name.hpp"
#include "runtime/text.hpp"
#include "runtime/trace/trace_record.hpp"
#include "runtime/trace/trace_vocabulary.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <fmt/core.h>
#include <optional>
#include <set>
#include <span>
#include <string_view>

namespace syngrad::tools {

namespace {

// The words, signs and quoted names of a --where expression, one after the other. Refers to the text, which outlives
// it.
struct where_token {
  enum kind { word, sign, quoted, end } what = end;
  std::string_view text; // without quotes
  std::size_t column = 1;

  bool is_word(std::string_view wanted) const { return what == word && text == wanted; }
  bool is_sign(std::string_view wanted) const { return what == sign && text == wanted; }
};

class where_tokens {
public:
  explicit where_tokens(std::string_view text) : text_(text) { pop(); }

  const where_token& front() const { return front_; } // `end` for ever after the last one
  void pop();

private:
  std::string_view text_;
  std::size_t at_ = 0;
  where_token front_;
};

bool is_part_of_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
         c == '-' || c == '+';
}

std::size_t length_of_sign(std::string_view rest) {
  for (const auto* two : {"==", "!=", "<=", ">=", "&&", "||"})
    if (rest.starts_with(two)) return 2;
  return 1; // one that is unknown too: the parser refuses it
}

void where_tokens::pop() {
  while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n')) ++at_;
  const auto rest = text_.substr(at_);
  if (rest.empty()) {
    front_ = {where_token::end, {}, at_ + 1};
    return;
  }
  if (rest.front() == '\'' || rest.front() == '"') {
    const auto close = rest.find(rest.front(), 1);
    const bool whole = close != std::string_view::npos;
    // Without its other quote it is a sign, which nothing accepts.
    front_ = {whole ? where_token::quoted : where_token::sign, whole ? rest.substr(1, close - 1) : rest, at_ + 1};
    at_ += whole ? close + 1 : rest.size();
    return;
  }
  std::size_t length = 0;
  while (length < rest.size() && is_part_of_word(rest[length])) ++length;
  const bool word = length > 0;
  if (!word) length = length_of_sign(rest);
  front_ = {word ? where_token::word : where_token::sign, rest.substr(0, length), at_ + 1};
  at_ += length;
}

// The fields of a record that --where compares, and the numbers that it compares them with.

// Exact for every field where it has 64 bits of fraction or more, as on x86-64 and AArch64.
using where_number = long double;

struct where_field {
  // What a record says of the field; nothing where its kind has no such field.
  using reader = std::optional<where_number> (*)(const trace_record&);

  std::string_view name;
  reader read;

  static std::span<const where_field> all();
  static const where_field* named(std::string_view); // null: there is none
};

// Whole, decimal or hexadecimal after 0x; or real.
std::optional<where_number> where_number_in(std::string_view text);

bool carries_bytes(record_kind kind) {
  return is_message(kind) && kind != record_kind::end && kind != record_kind::drop;
}

std::optional<where_number> present(bool is_there, where_number value) {
  return is_there ? std::optional(value) : std::nullopt;
}

constexpr std::array<where_field, 14> where_fields{{
  {"time", [](const trace_record& r) { return present(true, static_cast<where_number>(r.time_ns)); }},
  {"kind", [](const trace_record& r) { return present(true, static_cast<where_number>(r.kind)); }},
  {"type", [](const trace_record& r) { return present(is_message(r.kind), r.type); }},
  {"actor", [](const trace_record& r) { return present(true, r.actor); }},
  {"peer", [](const trace_record& r) { return present(true, r.peer); }},
  {"batch", [](const trace_record& r) { return present(r.batch != no_trace_batch, r.batch); }},
  {"version", [](const trace_record& r) { return present(true, r.version); }},
  {"bytes", [](const trace_record& r) { return present(carries_bytes(r.kind), r.value); }},
  {"value",
   [](const trace_record& r) {
     return present(true, r.kind == record_kind::metric ? static_cast<where_number>(r.measured()) : r.value);
   }},
  {"interface", [](const trace_record& r) { return present(r.interface != no_interface, r.interface); }},
  {"node", [](const trace_record& r) { return present(true, node_of(r.actor)); }},
  {"message", [](const trace_record& r) { return present(true, static_cast<where_number>(r.message)); }},
  {"parent", [](const trace_record& r) { return present(true, static_cast<where_number>(r.parent)); }},
  {"measure", [](const trace_record& r) { return present(r.kind == record_kind::metric, r.type); }},
}};

std::span<const where_field> where_field::all() {
  return where_fields;
}

const where_field* where_field::named(std::string_view name) {
  const auto* found =
    std::find_if(where_fields.begin(), where_fields.end(), [&](const where_field& f) { return f.name == name; });
  return found == where_fields.end() ? nullptr : found;
}

std::optional<where_number> where_number_in(std::string_view text) {
  const auto number = [](auto value) {
    return value ? std::optional(static_cast<where_number>(*value)) : std::nullopt;
  };
  if (text.starts_with("0x")) return number(parse_number<std::uint64_t>(text.substr(2), 16));
  if (const auto whole = number(parse_number<std::uint64_t>(text))) return whole;
  if (const auto whole = number(parse_number<std::int64_t>(text))) return whole;
  return number(parse_number<double>(text));
}

using where_node = where_expression::node;
using where_node_pointer = std::shared_ptr<const where_node>;

enum class relation { equal, different, less, at_most, more, at_least };

std::optional<relation> relation_named(std::string_view text) {
  if (text == "=" || text == "==") return relation::equal;
  if (text == "!=") return relation::different;
  if (text == "<") return relation::less;
  if (text == "<=") return relation::at_most;
  if (text == ">") return relation::more;
  if (text == ">=") return relation::at_least;
  return std::nullopt;
}

struct comparison : where_node {
  where_field::reader read;
  relation how;
  where_number with;
  comparison(where_field::reader r, relation h, where_number w) : read(r), how(h), with(w) {}
  bool holds(const trace_record& record) const override {
    const auto found = read(record);
    if (!found) return false;
    switch (how) {
    case relation::equal:
      return *found == with;
    case relation::different:
      return *found != with;
    case relation::less:
      return *found < with;
    case relation::at_most:
      return *found <= with;
    case relation::more:
      return *found > with;
    case relation::at_least:
      return *found >= with;
    }
    return false;
  }
};

struct membership : where_node {
  where_field::reader read;
  bool wanted;
  std::set<std::uint32_t> ids;
  membership(where_field::reader r, bool w, std::set<std::uint32_t> i) : read(r), wanted(w), ids(std::move(i)) {}
  bool holds(const trace_record& record) const override {
    const auto found = read(record);
    return found && ids.contains(static_cast<std::uint32_t>(*found)) == wanted;
  }
};

struct negation : where_node {
  where_node_pointer of;
  explicit negation(where_node_pointer o) : of(std::move(o)) {}
  bool holds(const trace_record& record) const override { return !of->holds(record); }
};

struct both : where_node {
  where_node_pointer first, second;
  both(where_node_pointer a, where_node_pointer b) : first(std::move(a)), second(std::move(b)) {}
  bool holds(const trace_record& record) const override { return first->holds(record) && second->holds(record); }
};

struct either : where_node {
  where_node_pointer first, second;
  either(where_node_pointer a, where_node_pointer b) : first(std::move(a)), second(std::move(b)) {}
  bool holds(const trace_record& record) const override { return first->holds(record) || second->holds(record); }
};

// The names that a field's values have.
template <class Named>
std::vector<std::string> names_of(int count, int first) {
  std::vector<std::string> all;
  for (int i = first; i < count; ++i) all.emplace_back(name_of(static_cast<Named>(i)));
  return all;
}

class parser {
public:
  parser(const std::string& text, const trace_names& names) : names_(names), tokens_(text) {}

  result<where_node_pointer> parse() {
    auto root = expression(0);
    if (root && tokens_.front().what != where_token::end) return expected("'and', 'or' or the end");
    return root;
  }

private:
  static constexpr int deepest = 200; // brackets and nots within each other

  error expected(const std::string& what, const std::string& more = "") const {
    const auto& at = tokens_.front();
    return {error_kind::setting, "column " + std::to_string(at.column) + ": expected " + what + ", got " +
                                   (at.what == where_token::end ? "the end" : "'" + std::string(at.text) + "'") + more};
  }

  result<where_node_pointer> expression(int depth) {
    return joined<either>(depth, "or", "||", [this](int d) {
      return joined<both>(d, "and", "&&", [this](int inner) { return term(inner); });
    });
  }

  template <class Joint, class Part>
  result<where_node_pointer> joined(int depth, std::string_view word, std::string_view sign, Part part) {
    auto left = part(depth);
    while (left && (tokens_.front().is_word(word) || tokens_.front().is_sign(sign))) {
      tokens_.pop();
      auto right = part(depth);
      if (!right) return right;
      left = where_node_pointer(std::make_shared<Joint>(std::move(*left), std::move(*right)));
    }
    return left;
  }

  result<where_node_pointer> term(int depth) {
    if (depth > deepest) return expected("at most " + std::to_string(deepest) + " brackets within each other");
    if (tokens_.front().is_word("not") || tokens_.front().is_sign("!")) {
      tokens_.pop();
      auto of = term(depth + 1);
      if (!of) return of;
      return where_node_pointer(std::make_shared<negation>(std::move(*of)));
    }
    if (!tokens_.front().is_sign("(")) return compare();
    tokens_.pop();
    auto inner = expression(depth + 1);
    if (!inner) return inner;
    if (!tokens_.front().is_sign(")")) return expected("'and', 'or' or ')'");
    tokens_.pop();
    return inner;
  }

  result<where_node_pointer> compare() {
    const auto name = tokens_.front();
    const auto* found = where_field::named(name.text);
    if (name.what != where_token::word || !found) {
      std::vector<std::string> known;
      for (const auto& each : where_field::all()) known.emplace_back(each.name);
      return expected("a field (" + join_text(known) + "), 'not' or '('", suggest(std::string(name.text), known, ""));
    }
    tokens_.pop();
    const auto how = relation_named(tokens_.front().text);
    if (!how || tokens_.front().what != where_token::sign) return expected("one of = != < <= > >=");
    tokens_.pop();
    auto made = value(*found, *how);
    if (made) tokens_.pop();
    return made;
  }

  result<where_node_pointer> value(const where_field& of, relation how) {
    const auto& at = tokens_.front();
    if (at.what != where_token::word && at.what != where_token::quoted) return expected("a number or a name");
    if (of.name == "actor" || of.name == "peer") return actors(of, how);
    if (const auto literal = where_number_in(at.text); literal && at.what == where_token::word)
      return where_node_pointer(std::make_shared<comparison>(of.read, how, *literal));
    const std::string text(at.text);
    if (of.name == "kind") return named(of, how, record_kind_named(text), names_of<record_kind>(record_kind_count, 1));
    if (of.name == "type")
      return named(of, how, trace_message_named(text), names_of<trace_message>(trace_message_count, 0));
    if (of.name == "measure")
      return named(of, how, trace_measure_named(text), names_of<trace_measure>(trace_measure_count, 1));
    return expected("a number");
  }

  template <class Named>
  result<where_node_pointer> named(const where_field& of, relation how, std::optional<Named> found,
                                   const std::vector<std::string>& known) {
    if (!found)
      return expected("a " + std::string(of.name) + " by name or number",
                      suggest(std::string(tokens_.front().text), known, ""));
    return where_node_pointer(std::make_shared<comparison>(of.read, how, static_cast<where_number>(*found)));
  }

  result<where_node_pointer> actors(const where_field& of, relation how) {
    if (how != relation::equal && how != relation::different) return expected("an actor after = or != only");
    auto ids = find_actors(std::string(tokens_.front().text), names_);
    if (!ids) return ids.failure().prefixed(fmt::format("column {}: ", tokens_.front().column));
    return where_node_pointer(std::make_shared<membership>(of.read, how == relation::equal, std::move(*ids)));
  }

  const trace_names& names_;
  where_tokens tokens_;
};

} // namespace

result<std::set<std::uint32_t>> find_actors(const std::string& text, const trace_names& names) {
  std::set<std::uint32_t> found;
  std::vector<std::string> titles;
  for (const auto& [id, each] : names.actors) titles.push_back(each.title);
  for (const auto part : split_text(text, ',')) {
    const std::string wanted(trimmed(part));
    const auto number = parse_whole(wanted);
    const auto before = found.size();
    for (const auto& [id, each] : names.actors)
      if (each.title == wanted || name_of(each.role) == wanted ||
          (number && each.role == actor_role::group && each.index == *number))
        found.insert(id);
    if (found.size() == before)
      return error::setting("there is no actor '" + wanted + "' in this trace" + suggest(wanted, titles, ""));
  }
  return found;
}

result<where_expression> where_expression::parse(const std::string& text, const trace_names& names) {
  auto root = parser(text, names).parse();
  if (!root) return root.failure();
  return where_expression(std::move(*root));
}

} // namespace syngrad::tools
