#include "actors/sample_choice.hpp"

#include "runtime/text.hpp"

#include <string_view>

namespace syngrad {

result<sample_choice> sample_choice::parse(const std::string& text) {
  sample_choice out;
  if (text == "all") return out;
  const std::string_view whole = text;
  const auto colon = whole.find(':');
  const auto how = colon == std::string_view::npos ? "loss" : whole.substr(colon + 1);
  const auto count = parse_number<std::int64_t>(whole.substr(0, colon));
  if (!count || *count < 1 || (how != "loss" && how != "uniform"))
    return error::setting("expected all, or N:loss or N:uniform with N at least 1, got '" + text +
                          "'; write for example 64:loss");
  out.samples = *count;
  out.by_loss = how == "loss";
  return out;
}

std::string sample_choice::text() const {
  return is_all() ? "all" : std::to_string(samples) + (by_loss ? ":loss" : ":uniform");
}

} // namespace syngrad
