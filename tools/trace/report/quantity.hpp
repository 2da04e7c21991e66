// Amounts as a report shows them: three digits and the unit that suits.
#pragma once

#include <string>

namespace syngrad::tools {

// How a chart writes a value of its axis.
using show_quantity = std::string (*)(double);

std::string show_nanoseconds(double ns); // 1'500 -> "1.5 µs"; 0 -> "0"
std::string show_bytes(double bytes);    // 1536 -> "1.5 KiB"
std::string show_share(double share);    // 0.25 -> "25 %"
std::string show_number(double value);   // 0.125 -> "0.125"; 12345 -> "12,345"

} // namespace syngrad::tools
