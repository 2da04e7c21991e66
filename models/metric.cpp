#include "models/metric.hpp"

#include "runtime/text.hpp"

#include <array>
#include <charconv>

namespace syngrad {

bool metric_target::is_reached(double loss, const metric_values& metrics) const {
  const auto now = metric == "loss" ? loss : metrics[metric];
  return at_least ? now >= value : now <= value;
}

std::string metric_target::text() const {
  std::array<char, 64> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  return metric + (at_least ? ">=" : "<=") + std::string(digits.data(), end);
}

result<metric_target> metric_target::parse(const std::string& text) {
  for (const std::string bound : {"<=", ">="}) {
    const auto at = text.find(bound);
    if (at == std::string::npos || at == 0) continue;
    const auto value = parse_number<double>(std::string_view(text).substr(at + bound.size()));
    if (value && std::isfinite(*value)) return metric_target{text.substr(0, at), bound == ">=", *value};
  }
  return error::setting("expected METRIC<=NUMBER or METRIC>=NUMBER, for example error<=2 or accuracy>=98, got " +
                        quoted(text));
}

} // namespace syngrad
