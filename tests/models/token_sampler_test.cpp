#include "models/generation/token_sampler.hpp"

#include "tests/support/catch.hpp"

#include <cmath>
#include <limits>
#include <set>

namespace syngrad {
namespace {

std::vector<std::int32_t> draws(token_sampler::options how, const std::vector<float>& logits, int count) {
  token_sampler tested(how);
  std::vector<std::int32_t> all;
  for (int i = 0; i < count; ++i) all.push_back(tested.draw(logits).value());
  return all;
}

std::vector<double> shares(const std::vector<std::int32_t>& drawn, std::size_t tokens) {
  std::vector<double> all(tokens);
  for (const auto each : drawn) all[static_cast<std::size_t>(each)] += 1.0 / static_cast<double>(drawn.size());
  return all;
}

} // namespace

TEST_CASE("temperature 0 takes the largest, of equal ones the first") {
  CHECK(draws({.temperature = 0}, {1, 3, 2, 3}, 5) == std::vector<std::int32_t>(5, 1));
  CHECK(draws({.temperature = 0, .top_k = 2, .seed = 9}, {-5, -4, -4}, 5) == std::vector<std::int32_t>(5, 1));
  CHECK(draws({.temperature = 0}, {7}, 1) == std::vector<std::int32_t>{0});
}

TEST_CASE("tokens come as often as the softmax of the logits over the temperature says") {
  const std::vector<float> logits{0, 1, 2, -1};
  for (const double temperature : {0.5, 1.0, 3.0}) {
    CAPTURE(temperature);
    const auto seen = shares(draws({.temperature = temperature}, logits, 40'000), logits.size());
    double sum = 0;
    for (const auto each : logits) sum += std::exp(each / temperature);
    for (std::size_t i = 0; i < logits.size(); ++i) // four standard deviations of a share are at most 0.01
      CHECK(std::abs(seen[i] - std::exp(logits[i] / temperature) / sum) < 0.01);
  }
}

TEST_CASE("top-k draws among the k largest, of equal ones the first, as often as they are likely among them") {
  const std::vector<float> logits{1, 4, 3, 1, 3};
  const auto among = [&](std::int64_t k) {
    const auto drawn = draws({.top_k = k}, logits, 4000);
    return std::set<std::int32_t>(drawn.begin(), drawn.end());
  };
  CHECK(among(1) == std::set<std::int32_t>{1});
  CHECK(among(2) == std::set<std::int32_t>{1, 2});
  CHECK(among(3) == std::set<std::int32_t>{1, 2, 4});
  CHECK(among(4) == std::set<std::int32_t>{0, 1, 2, 4});
  for (const std::int64_t all : {0, 5, 99}) CHECK(among(all) == std::set<std::int32_t>{0, 1, 2, 3, 4});
  const auto seen = shares(draws({.top_k = 2}, logits, 40'000), logits.size());
  CHECK(std::abs(seen[1] - 1 / (1 + std::exp(-1.0))) < 0.01);
}

TEST_CASE("one seed draws one text, another seed another one") {
  const std::vector<float> logits{0, 0.5f, 1, 0.25f, 0.75f};
  CHECK(draws({.seed = 4}, logits, 100) == draws({.seed = 4}, logits, 100));
  CHECK(draws({.seed = 4}, logits, 100) != draws({.seed = 5}, logits, 100));
}

TEST_CASE("large logits and small temperatures lose nothing") {
  CHECK(draws({.temperature = 1e-30}, {3e38f, -3e38f, 1}, 20) == std::vector<std::int32_t>(20, 0));
  CHECK(draws({.temperature = 1}, {-3e38f, -3e38f, 3e38f}, 20) == std::vector<std::int32_t>(20, 2));
  const auto seen = shares(draws({.temperature = 1000}, {0, 1}, 40'000), 2);
  CHECK(std::abs(seen[0] - 0.5) < 0.01);
}

TEST_CASE("logits that are not finite give no token") {
  constexpr auto infinite = std::numeric_limits<float>::infinity();
  for (const double temperature : {0.0, 1.0})
    for (const float broken : {std::nanf(""), infinite, -infinite})
      CHECK(!token_sampler({.temperature = temperature}).draw(std::vector<float>{1, broken, 2}));
}

} // namespace syngrad
