// Numbers as people write them: "0-2,4".
#pragma once

#include <string>
#include <vector>

namespace syngrad::tools {

// `numbers` in ascending order; neighbours are joined. Empty: "".
std::string format_ranges(const std::vector<int>& numbers);

} // namespace syngrad::tools
