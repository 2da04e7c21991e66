// The ends of what numbers in the settings may be: for the checks (run_check.hpp), and for options that say them.
#pragma once

#include <cstdint>

namespace syngrad {

inline constexpr int most_lag = 256;
inline constexpr int most_credits = 1 << 16;
inline constexpr int most_threads = 1 << 12;   // and of one operator
inline constexpr std::int64_t least_batch = 1; // some layers need more: batch_need_of()
inline constexpr std::int64_t most_batch = 1 << 24;

} // namespace syngrad
