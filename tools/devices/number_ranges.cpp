#include "tools/devices/number_ranges.hpp"

namespace syngrad::tools {

std::string format_ranges(const std::vector<int>& numbers) {
  std::string text;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const auto first = numbers[i];
    while (i + 1 < numbers.size() && numbers[i + 1] == numbers[i] + 1) ++i;
    text += (text.empty() ? "" : ",") + std::to_string(first);
    if (numbers[i] > first) text += "-" + std::to_string(numbers[i]);
  }
  return text;
}

} // namespace syngrad::tools
