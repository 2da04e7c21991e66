#include "tools/trace/where_field.hpp"

#include "tools/trace/trace_filter.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace syngrad::tools {

namespace {

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

template <class Number>
std::optional<where_number> whole_number_in(std::string_view text, int base) {
  Number value{};
  const auto [stop, failure] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (failure != std::errc{} || stop != text.data() + text.size()) return std::nullopt;
  return static_cast<where_number>(value);
}

} // namespace

std::span<const where_field> where_field::all() {
  return where_fields;
}

const where_field* where_field::named(std::string_view name) {
  const auto* found =
    std::find_if(where_fields.begin(), where_fields.end(), [&](const where_field& f) { return f.name == name; });
  return found == where_fields.end() ? nullptr : found;
}

std::optional<where_number> where_number_in(std::string_view text) {
  if (text.starts_with("0x")) return whole_number_in<std::uint64_t>(text.substr(2), 16);
  if (const auto whole = whole_number_in<std::uint64_t>(text, 10)) return whole;
  if (const auto whole = whole_number_in<std::int64_t>(text, 10)) return whole;
  double value{};
  const auto [stop, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc{} || stop != text.data() + text.size()) return std::nullopt;
  return static_cast<where_number>(value);
}

} // namespace syngrad::tools
