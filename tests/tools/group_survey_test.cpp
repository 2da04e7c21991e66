// What groups cost, and that every process finds the same groups.
#include "models/network.hpp"
#include "runtime/cpu/cpu_device.hpp"
#include "tests/support/catch.hpp"
#include "tools/distributed/group_survey.hpp"

using namespace syngrad;
using namespace syngrad::tools;

namespace {

train_options options_of(const std::string& policy) {
  train_options options;
  options.model = "mlp:32-64x2-8";
  options.settings.policy = policy;
  options.settings.split = {1, 1, 1};
  options.settings.synthetic.kind = "linear";
  options.settings.batch_size = 16;
  return options;
}

} // namespace

TEST_CASE("a group costs what its layers do forward and backward, and its predictor beside them") {
  cpu_device cpu;
  const auto plain = survey_groups(options_of("locked"), cpu);
  REQUIRE(plain);
  REQUIRE(plain->costs.size() == 3);
  double layers = 0;
  const auto model = make_network("mlp:32-64x2-8");
  for (const auto& unit : model->units)
    for (const auto& each : unit) layers += each->multiply_adds();
  double sum = 0;
  for (const auto& each : plain->costs) sum += each.multiply_adds;
  REQUIRE(sum == layers);
  REQUIRE(plain->costs[1].multiply_adds > 3 * 64 * 64); // three products
  REQUIRE(plain->costs[1].multiply_adds < 4 * 64 * 64);
  REQUIRE(plain->costs[1].bytes_below == 2 * 4 * 64); // numbers of 4 bytes, both ways
  const auto predicted = survey_groups(options_of("synthetic"), cpu);
  REQUIRE(predicted->costs[1].multiply_adds >= plain->costs[1].multiply_adds + 3 * 64 * 64);
  REQUIRE(predicted->costs[2].multiply_adds == plain->costs[2].multiply_adds); // the top has the loss
}

TEST_CASE("two surveys of one run find the same hashes, and another seed finds others") {
  cpu_device cpu;
  auto options = options_of("synthetic");
  const auto once = survey_groups(options, cpu)->hashes, again = survey_groups(options, cpu)->hashes;
  REQUIRE(once.size() == 3);
  REQUIRE(once == again);
  options.settings.seed += 1;
  const auto other = survey_groups(options, cpu)->hashes;
  for (std::size_t i = 0; i < 3; ++i) REQUIRE(once[i] != other[i]);
}

TEST_CASE("a survey of a run that cannot be says what is wrong") {
  cpu_device cpu;
  auto options = options_of("synthetic");
  options.settings.steps = 0;
  REQUIRE(survey_groups(options, cpu).message().find("steps") != std::string::npos);
}
