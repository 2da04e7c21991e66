// Sizes of memory for people.
#pragma once

#include <array>
#include <cstddef>
#include <cstdio>
#include <string>

namespace syngrad {

// "640 B", "1.5 KiB", "79.1 GiB"
inline std::string byte_size(std::size_t bytes) {
  constexpr std::array units{"B", "KiB", "MiB", "GiB", "TiB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; value >= 1024 && unit + 1 < units.size(); ++unit) value /= 1024;
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), unit == 0 ? "%.0f %s" : "%.1f %s", value, units[unit]);
  return text.data();
}

} // namespace syngrad
