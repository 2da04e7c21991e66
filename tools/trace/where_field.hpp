// The fields of a record that --where compares, and the numbers that it compares them with.
#pragma once

#include "runtime/trace/trace_record.hpp"

#include <optional>
#include <span>
#include <string_view>

namespace syngrad::tools {

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

} // namespace syngrad::tools
