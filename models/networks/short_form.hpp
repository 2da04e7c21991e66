// What the short forms of networks have in common: numbers within bounds, and the JSON of the usual layers.
#pragma once

#include "models/networks/network_document.hpp"
#include "runtime/text.hpp"

#include <nlohmann/json.hpp>

namespace syngrad {

inline constexpr std::int64_t most_features = 65536; // of a layer in a short form
inline constexpr std::int64_t most_layers = 1000;    // likewise, in all

// Fails with "the width '0' is not a whole number from 1 to 65536".
inline result<std::int64_t> read_bounded(std::string_view text, const std::string& what, std::int64_t least,
                                         std::int64_t most) {
  const auto number = parse_number<std::int64_t>(text);
  if (!number || *number < least || *number > most)
    return error::setting(what + " " + quoted(text) + " is not a whole number from " + std::to_string(least) + " to " +
                          std::to_string(most));
  return *number;
}

inline network_document linear_document(std::int64_t inputs, std::int64_t outputs, bool bias = true) {
  network_document made{{"type", "Linear"}, {"in_features", inputs}, {"out_features", outputs}};
  if (!bias) made["bias"] = false;
  return made;
}

// A layer without arguments.
inline network_document plain_document(const char* type) {
  return {{"type", type}};
}

} // namespace syngrad
