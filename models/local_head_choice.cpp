#include "models/local_head_choice.hpp"

#include "runtime/text.hpp"

namespace syngrad {

result<local_head_choice> local_head_choice::parse(std::string_view text) {
  constexpr std::string_view mlp = "mlp:";
  if (text == "linear") return local_head_choice{};
  if (text == "early-exit") return local_head_choice{form::early_exit};
  if (text.starts_with(mlp))
    if (const auto hidden = parse_number<std::int64_t>(text.substr(mlp.size()));
        hidden && *hidden >= 1 && *hidden <= most_hidden)
      return local_head_choice{form::mlp, *hidden};
  return error::setting("expected linear, early-exit or mlp:N with N hidden units from 1 to " +
                        std::to_string(most_hidden) + ", got '" + std::string(text) + "'; write for example mlp:64");
}

std::string local_head_choice::text() const {
  switch (of) {
  case form::mlp:
    return "mlp:" + std::to_string(hidden);
  case form::early_exit:
    return "early-exit";
  case form::linear:
    break;
  }
  return "linear";
}

std::string local_head_choice::predictor_kind() const {
  return of == form::linear ? "head" : "head:" + text();
}

} // namespace syngrad
