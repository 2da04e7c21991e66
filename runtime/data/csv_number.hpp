// A number as tables write it: decimal, with a point, and with a sign or an exponent where need be.
#pragma once

#include <string_view>

namespace syngrad {

struct csv_number {
  enum class kind {
    finite,
    not_finite, // nan or inf, in any spelling that C knows
    too_large,  // for a 32-bit float
    none        // something else than a number
  };

  kind what;
  double value; // where finite
};

csv_number parse_csv_number(std::string_view text);

} // namespace syngrad
