// Measures of predictions on their way: what they say, when a policy hears of them, and what a gate makes of them.
#include "actors/prediction_gate.hpp"

#include "actors/measures_to_tell.hpp"
#include "tests/support/catch.hpp"

#include <limits>
#include <vector>

using namespace syngrad;

namespace {

prediction_measure agrees(double cosine, double norm_ratio = 1, double bias = 0.1) {
  return {cosine, norm_ratio, bias, true};
}

const prediction_measure broken{0, 0, 0, false};

// A gate in the state that the measure leads to in the end.
prediction_gate gate_after(const prediction_measure& what, const std::string& bounds = "predict:0.8,wait:0.2") {
  prediction_gate gate(*gate_settings::parse(bounds));
  for (int i = 0; i < 200; ++i) gate.measured(what);
  return gate;
}

// How many such measures it takes until the gate turns; 0: it does not.
int measures_to_turn(prediction_gate gate, const prediction_measure& what) {
  const auto before = gate.state();
  for (int i = 1; i <= 1000; ++i) {
    gate.measured(what);
    if (gate.state() != before) return i;
  }
  return 0;
}

} // namespace

TEST_CASE("a measure has the cosine, the ratio of norms and the bias; a gradient that is zero says nothing") {
  const auto what = measure_of(3, 4, 9, 36, 4); // |p| = 2, |g| = 3, |sum (p - g)| = 6
  REQUIRE(what);
  REQUIRE(what->cosine == Approx(0.5));
  REQUIRE(what->norm_ratio == Approx(2.0 / 3));
  REQUIRE(what->bias == Approx(1.0)); // 6 / (3 sqrt(4))
  REQUIRE(what->finite);
  REQUIRE_FALSE(measure_of(0, 4, 0, 1, 4));
  REQUIRE(measure_of(0, 0, 9, 9, 4)->cosine == 0); // a prediction of zero
  constexpr double inf = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
  REQUIRE_FALSE(measure_of(1, inf, 1, 1, 4)->finite);
  REQUIRE_FALSE(measure_of(nan, 1, 1, 1, 4)->finite);
}

TEST_CASE("the first measures count alike, later ones a tenth; one that is not finite begins anew") {
  prediction_quality quality;
  for (int i = 1; i <= 10; ++i) quality.add(agrees(i));
  REQUIRE(quality.cosine() == Approx(5.5));
  quality.add(agrees(15.5));
  REQUIRE(quality.cosine() == Approx(6.5));
  quality.add(broken);
  REQUIRE(quality.count() == 0);
  quality.add(agrees(0.25));
  REQUIRE(quality.cosine() == 0.25);
}

TEST_CASE("measures are told two turns after they were made, in order, and the turn waits for what is not known") {
  measures_to_tell queue;
  std::vector<double> told;
  const auto due = [&](std::uint64_t turn) {
    return queue.tell_due(turn, [&](const prediction_measure& what) { told.push_back(what.cosine); });
  };
  queue.expect(0, 3);
  queue.expect(4, 7);
  queue.known(4, agrees(0.4)); // before the other
  REQUIRE(due(4));
  REQUIRE_FALSE(due(5)); // that of batch 0
  queue.known(0, agrees(0.1));
  REQUIRE(due(5));
  REQUIRE(told == std::vector<double>{0.1});
  REQUIRE(due(8));
  REQUIRE(told == std::vector<double>{0.1});
  REQUIRE(due(12));
  REQUIRE(told == std::vector<double>{0.1, 0.4});
  queue.expect(8, 11);
  queue.known(8, std::nullopt); // says nothing
  REQUIRE(due(13));
  REQUIRE(told.size() == 2);
}

TEST_CASE("bounds are read in any order, what is left out is as usual, and everything else is refused") {
  const auto all = gate_settings::parse("norms:4,bias:0.25,wait:0.1,predict:0.9");
  REQUIRE(all);
  REQUIRE(*all == gate_settings{0.9, 0.1, 0.25, 4});
  REQUIRE(*gate_settings::parse(all->text()) == *all);
  REQUIRE(*gate_settings::parse("wait:0.3") == gate_settings{.wait = 0.3});
  for (const auto* text :
       {"", "predict", "predict:", "predict:1.5", "predict:-0.1", "wait:0.9", "predict:0.5,predict:0.6", "bias:0",
        "norms:1", "norms:nan", "cosine:0.5", "predict:0.5;wait:0.1"}) {
    CAPTURE(text);
    const auto refused = gate_settings::parse(text);
    REQUIRE_FALSE(refused);
    REQUIRE(refused.message().find("write for example predict:0.8,wait:0.2") != std::string::npos);
  }
}

TEST_CASE("a gate begins waiting, and goes where cosine, bias and norms lead") {
  REQUIRE(prediction_gate({}).state() == gate_state::waiting);
  REQUIRE(gate_after(agrees(0.1)).state() == gate_state::waiting);
  REQUIRE(gate_after(agrees(0.5)).state() == gate_state::correcting);
  REQUIRE(gate_after(agrees(0.9)).state() == gate_state::predicting);
  REQUIRE(gate_after(agrees(0.9, 1, 0.6)).state() == gate_state::correcting); // biased
  REQUIRE(gate_after(agrees(0.9, 3)).state() == gate_state::waiting);         // too large
  REQUIRE(gate_after(agrees(0.9, 0.3)).state() == gate_state::correcting);    // too small
  REQUIRE(gate_after(broken).state() == gate_state::waiting);
}

TEST_CASE("a state that was entered is left only well beyond its bound, and not at once") {
  const auto predicting = gate_after(agrees(0.9)), correcting = gate_after(agrees(0.5)),
             waiting = gate_after(agrees(0.1));
  REQUIRE(measures_to_turn(predicting, agrees(0.77)) == 0); // within the margin of 0.05
  REQUIRE(measures_to_turn(predicting, agrees(0.7)) > 0);
  REQUIRE(measures_to_turn(correcting, agrees(0.78)) == 0);
  REQUIRE(measures_to_turn(correcting, agrees(0.82)) > 0);
  REQUIRE(measures_to_turn(waiting, agrees(0.23)) == 0);
  REQUIRE(measures_to_turn(waiting, agrees(0.27)) > 0);
  REQUIRE(measures_to_turn(correcting, agrees(0.21)) == 0);
  REQUIRE(measures_to_turn(correcting, agrees(0.15)) > 0);
  auto turned = waiting;
  for (int i = measures_to_turn(turned, agrees(0.5)); i > 0; --i) turned.measured(agrees(0.5));
  REQUIRE(turned.state() == gate_state::correcting);
  REQUIRE(measures_to_turn(turned, agrees(-9)) == prediction_gate::least_measures);
  REQUIRE(measures_to_turn(turned, broken) == 1); // not finite: at once
  REQUIRE(measures_to_turn(predicting, broken) == 1);
}
