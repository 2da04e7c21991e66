// `--wire`: how tensors of floats travel between processes. What the formats do to them: links/wire_format.hpp,
// links/gradient_subspace.hpp.
#pragma once

#include "runtime/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace syngrad {

enum class wire_format : std::uint8_t { f32, bf16, int8 };
inline constexpr int wire_format_count = 3;

std::string_view name_of(wire_format);
std::optional<wire_format> wire_format_named(std::string_view);

// The rank of the factors that gradients travel as.
struct wire_rank {
  static constexpr std::int64_t most = 256;
  static constexpr double kept = 0.99; // automatic: of the squared norm

  std::int64_t columns = 0; // of the first factor; 0: gradients travel whole
  bool automatic = false;   // as few columns as keep `kept`; where that takes too many, the tensor travels whole

  bool is_whole() const { return columns == 0 && !automatic; }
};

// `--wire`: how tensors travel.
struct wire_choice {
  wire_format elements = wire_format::f32;
  wire_rank rank; // of gradients

  // "bf16", "rank:8", "int8,rank:auto": a format, or a rank, or both; fails with what was expected.
  static result<wire_choice> parse(const std::string& text);
};

} // namespace syngrad
