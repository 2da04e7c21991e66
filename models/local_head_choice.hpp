// Which head a group learns by from a loss of its own (`--local-head`, and `--sg head:...`).
#pragma once

#include "runtime/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace syngrad {

struct local_head_choice {
  enum class form : std::uint8_t { linear, mlp, early_exit };
  static constexpr std::int64_t most_hidden = 65536;

  form of = form::linear;
  std::int64_t hidden = 0; // units of an mlp's hidden layer

  // "linear", "mlp:N" or "early-exit"; fails with what was expected.
  static result<local_head_choice> parse(std::string_view text);
  std::string text() const;           // as parse() reads it
  std::string predictor_kind() const; // "head", "head:mlp:N" or "head:early-exit"

  bool operator==(const local_head_choice&) const = default;
};

} // namespace syngrad
