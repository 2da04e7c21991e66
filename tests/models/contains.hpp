// The matcher for a part of a message, whichever major version of Catch2 there is.
#pragma once

#include "tests/support/catch.hpp"

#include <string>

namespace syngrad {

inline auto contains(const std::string& part) {
#if __has_include(<catch2/catch_all.hpp>)
  return Catch::Matchers::ContainsSubstring(part);
#else
  return Catch::Contains(part);
#endif
}

} // namespace syngrad
