// What an interface does with its predictions, by how well they agree with what is received (`--gate`, policy gated).
//
// | state      | the group below the interface                 | goes to    | when         |
// |------------|-----------------------------------------------|------------|--------------|
// | predicting | updates with predictions alone                | correcting | not good     |
// |            |                                               | waiting    | bad          |
// | correcting | updates with predictions, later with what     | predicting | good         |
// |            | they missed                                   | waiting    | bad          |
// | waiting    | updates with what is received, when it comes  | correcting | not bad      |
//
// good: the cosine is above `predict`, the bias below `bias`, and the ratio of norms within 1/norms to norms.
// bad:  the cosine is below `wait`, or predictions are more than `norms` times as large as what is received, or a
//       number was not finite.
// All are means over about the last ten measures (prediction_quality). Hysteresis: a state that was entered is left
// only beyond a bound that lies `margin` farther, and not before `least_measures` more were made. It begins waiting: a
// predictor that has learnt nothing predicts zero.
//
// Plain values; no threads.
#pragma once

#include "actors/prediction_quality.hpp"
#include "runtime/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace syngrad {

enum class gate_state : std::uint8_t { predicting, correcting, waiting };
inline constexpr int gate_state_count = 3;
std::string_view name_of(gate_state); // "predicting"

struct gate_settings {
  double predict = 0.8; // cosine
  double wait = 0.2;    // cosine, at most `predict`
  double bias = 0.5;
  double norms = 2; // above 1

  // "predict:COS,wait:COS,bias:B,norms:R", any of them in any order; fails with what was expected.
  static result<gate_settings> parse(const std::string& text);
  std::string text() const; // as parse() reads it

  bool operator==(const gate_settings&) const = default;
};

class prediction_gate {
public:
  static constexpr double margin = 0.05; // of cosines and, as a part of it, of the other bounds
  static constexpr std::int64_t least_measures = 8;

  explicit prediction_gate(const gate_settings& settings) : settings_(settings) {}

  void measured(const prediction_measure&);
  gate_state state() const { return state_; }

  template <class Archive>
  void keep(Archive& of) {
    of.word("state", state_);
    of.word("since_turn", since_turn_);
    quality_.keep(of);
  }

private:
  gate_state next() const;
  bool is_good(double slack) const;
  bool is_bad(double slack) const;

  gate_settings settings_;
  gate_state state_ = gate_state::waiting;
  prediction_quality quality_;
  std::int64_t since_turn_ = 0; // measures
};

} // namespace syngrad
