#include "actors/gradient_demand.hpp"

#include "runtime/io/value_text.hpp"
#include "runtime/random.hpp"
#include "runtime/text.hpp"

#include <string_view>

namespace syngrad {

namespace {

template <class Number>
std::optional<Number> number_after(std::string_view prefix, std::string_view text) {
  if (!text.starts_with(prefix)) return std::nullopt;
  text.remove_prefix(prefix.size());
  return parse_number<Number>(text);
}

std::optional<gradient_demand> read_fixed_demand(const std::string& text) {
  gradient_demand out;
  if (text == "all") return out;
  if (const auto every = number_after<std::int64_t>("every:", text); every && *every >= 1) {
    out.every = static_cast<std::uint64_t>(*every);
    return out;
  }
  if (const auto probability = number_after<double>("p:", text); probability && *probability > 0 && *probability < 1) {
    out.probability = probability;
    return out;
  }
  return std::nullopt;
}

} // namespace

result<gradient_demand> gradient_demand::parse_fixed(const std::string& text) {
  if (const auto fixed = read_fixed_demand(text)) return *fixed;
  return error::setting("expected all, every:N with N at least 1, or p:P with P between 0 and 1, got '" + text +
                        "'; write for example every:4 or p:0.25");
}

result<gradient_demand> gradient_demand::parse(const std::string& text) {
  if (const auto fixed = read_fixed_demand(text)) return *fixed;
  gradient_demand out;
  // From 1 on, a predictor that predicts nothing would do.
  if (const auto above = number_after<double>("above:", text); above && *above > 0 && *above < 1) {
    out.above = above;
    return out;
  }
  return error::setting("expected all, every:N with N at least 1, p:P with P between 0 and 1, or above:ERROR with "
                        "ERROR between 0 and 1, got '" +
                        text + "'; write for example every:4 or above:0.5");
}

std::string gradient_demand::text() const {
  if (above) return "above:" + format_real(*above);
  if (probability) return "p:" + format_real(*probability);
  return every == 1 ? "all" : "every:" + std::to_string(every);
}

bool gradient_demand::includes(std::uint64_t batch, std::uint64_t seed) const {
  constexpr std::uint64_t purpose = 0x7d3a91c64e2b5f08;
  if (probability) return random_source(seed ^ purpose, batch).uniform() < *probability;
  return batch % every == 0;
}

} // namespace syngrad
