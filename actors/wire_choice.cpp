#include "actors/wire_choice.hpp"

#include "runtime/text.hpp"

#include <array>

namespace syngrad {

namespace {

constexpr std::array<std::string_view, wire_format_count> format_names{"f32", "bf16", "int8"};

} // namespace

std::string_view name_of(wire_format format) {
  return format_names[static_cast<std::size_t>(format)];
}

std::optional<wire_format> wire_format_named(std::string_view name) {
  for (std::size_t i = 0; i < format_names.size(); ++i)
    if (format_names[i] == name) return static_cast<wire_format>(i);
  return std::nullopt;
}

result<wire_choice> wire_choice::parse(const std::string& text) {
  constexpr std::string_view prefix = "rank:";
  wire_choice out;
  const auto malformed_wire = [&] {
    return error::setting("expected f32, bf16 or int8, rank:N with N from 1 to " + std::to_string(wire_rank::most) +
                          " or rank:auto, or a format and a rank, got '" + text +
                          "'; write for example bf16,rank:auto");
  };
  std::string_view rest = text;
  if (!rest.starts_with(prefix)) {
    const auto comma = rest.find(',');
    const auto elements = wire_format_named(rest.substr(0, comma));
    if (!elements) return malformed_wire();
    out.elements = *elements;
    if (comma == std::string_view::npos) return out;
    rest = rest.substr(comma + 1);
  }
  if (!rest.starts_with(prefix)) return malformed_wire();
  rest.remove_prefix(prefix.size());
  out.rank.automatic = rest == "auto";
  if (out.rank.automatic) return out;
  const auto columns = parse_number<std::int64_t>(rest);
  if (!columns || *columns < 1 || *columns > wire_rank::most) return malformed_wire();
  out.rank.columns = *columns;
  return out;
}

} // namespace syngrad
