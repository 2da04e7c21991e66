#include "actors/residual_weight.hpp"

#include "runtime/io/value_text.hpp"

#include <algorithm>

namespace syngrad {

result<residual_weight> residual_weight::parse(const std::string& text) {
  if (text == "auto") return residual_weight{std::nullopt};
  const auto read = read_float(text, {0, 1});
  if (!read) return error{read.kind(), read.message() + "; or auto"};
  return residual_weight{*read};
}

std::string residual_weight::text() const {
  return fixed ? format_real(*fixed) : "auto";
}

float residual_weight::of(std::int64_t staleness, const prediction_quality& quality) const {
  if (fixed) return *fixed;
  constexpr double bearable = 8; // updates
  const double cosine = std::clamp(quality.cosine(), 0.5, 0.95);
  const double late = static_cast<double>(staleness) / bearable;
  return static_cast<float>(1 / (1 + cosine / (1 - cosine) * late * late));
}

} // namespace syngrad
