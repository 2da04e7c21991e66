#include "actors/prediction_gate.hpp"

#include "runtime/io/value_text.hpp"
#include "runtime/text.hpp"

#include <array>
#include <fmt/core.h>
#include <set>

namespace syngrad {

namespace {

constexpr std::array<std::string_view, gate_state_count> gate_state_names{"predicting", "correcting", "waiting"};

error malformed_gate(const std::string& text) {
  return error::setting("expected predict:COS and wait:COS with cosines from 0 to 1, the second at most the first, "
                        "bias:B above 0 and norms:R above 1, with commas between, got '" +
                        text + "'; write for example predict:0.8,wait:0.2");
}

} // namespace

std::string_view name_of(gate_state state) {
  return gate_state_names[static_cast<std::size_t>(state)];
}

result<gate_settings> gate_settings::parse(const std::string& text) {
  gate_settings out;
  std::set<std::string> given;
  for (const auto term : split_text(text, ',')) {
    const auto colon = term.find(':');
    if (colon == std::string_view::npos) return malformed_gate(text);
    const auto name = std::string(term.substr(0, colon));
    const auto value = parse_real(std::string(term.substr(colon + 1)));
    const bool is_cosine = name == "predict" || name == "wait";
    auto* const where = name == "predict" ? &out.predict
                        : name == "wait"  ? &out.wait
                        : name == "bias"  ? &out.bias
                        : name == "norms" ? &out.norms
                                          : nullptr;
    if (!where || !value || !given.insert(name).second || (is_cosine && (*value < 0 || *value > 1)))
      return malformed_gate(text);
    *where = *value;
  }
  if (out.wait > out.predict || !(out.bias > 0) || !(out.norms > 1)) return malformed_gate(text);
  return out;
}

std::string gate_settings::text() const {
  return fmt::format("predict:{},wait:{},bias:{},norms:{}", format_real(predict), format_real(wait), format_real(bias),
                     format_real(norms));
}

void prediction_gate::measured(const prediction_measure& what) {
  quality_.add(what);
  ++since_turn_;
  const auto wanted = next();
  if (wanted == state_ || (what.finite && since_turn_ < least_measures)) return;
  state_ = wanted;
  since_turn_ = 0;
}

gate_state prediction_gate::next() const {
  const bool predicts = state_ == gate_state::predicting, waits = state_ == gate_state::waiting;
  if (is_bad(waits ? margin : 0)) return gate_state::waiting;
  if (waits) return gate_state::correcting;
  return is_good(predicts ? margin : 0) ? gate_state::predicting : gate_state::correcting;
}

// `slack`: how much farther the bounds lie for those that are in the state already.
bool prediction_gate::is_good(double slack) const {
  const auto largest = settings_.norms * (1 + slack);
  return quality_.count() > 0 && quality_.cosine() > settings_.predict - slack &&
         quality_.bias() < settings_.bias * (1 + slack) && quality_.norm_ratio() < largest &&
         quality_.norm_ratio() * largest > 1;
}

bool prediction_gate::is_bad(double slack) const {
  return quality_.count() == 0 || quality_.cosine() < settings_.wait + slack ||
         quality_.norm_ratio() > settings_.norms / (1 + slack);
}

} // namespace syngrad
