#include "runtime/data/csv_number.hpp"

#include <charconv>
#include <cmath>
#include <limits>
#include <system_error>

namespace syngrad {

csv_number parse_csv_number(std::string_view text) {
  using kind = csv_number::kind;
  constexpr double largest_value = std::numeric_limits<float>::max();
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  double value = 0;
  const auto end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value);
  if (text.empty() || parsed.ptr != end) return {kind::none, 0};
  if (parsed.ec == std::errc::result_out_of_range) {
    // from_chars says no more than that: either way the value is left alone.
    const bool tiny = text.find("e-") != text.npos || text.find("E-") != text.npos;
    return tiny ? csv_number{kind::finite, 0} : csv_number{kind::too_large, 0};
  }
  if (!std::isfinite(value)) return {kind::not_finite, 0};
  if (std::abs(value) > largest_value) return {kind::too_large, 0};
  return {kind::finite, value};
}

} // namespace syngrad
