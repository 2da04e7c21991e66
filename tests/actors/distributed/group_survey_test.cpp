// What groups cost, and that every process finds the same groups.
#include "actors/distributed/group_survey.hpp"
#include "models/network.hpp"
#include "runtime/cpu/cpu_device.hpp"
#include "tests/support/catch.hpp"

#include <numeric>

using namespace syngrad;

namespace {

struct planned {
  std::string model;
  training_settings settings;
};

result<group_survey> survey_groups(const planned& run, device& scratch) {
  return syngrad::survey_groups(run.settings, *make_network(run.model), scratch);
}

planned options_of(const std::string& policy) {
  planned options;
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
  const auto specs = infer_specs(*model).value();
  std::size_t below = 0;
  for (const auto& unit : model->units)
    for (const auto& each : unit) layers += each->multiply_adds(specs[below++]);
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

TEST_CASE("what is surveyed is what is built: hashes, costs and bytes, of layers that are sampled and of larger ones") {
  cpu_device cpu, scratch;
  auto options = options_of(GENERATE("locked", "synthetic"));
  options.settings.synthetic.kind = GENERATE("ridge", "lowrank:4");
  options.model = "mlp:32-1100x3-8"; // 1100 x 1100 is more than is sampled, 32 x 1100 is not
  options.settings.split = {1, 2, 1};
  CAPTURE(options.settings.policy, options.settings.synthetic.kind);
  REQUIRE(1100 * 1100 > most_sampled);
  const auto survey = *survey_groups(options, scratch);
  const auto places = device_places::all_on(cpu, options.settings.split);
  const auto plan = make_run_plan(options.settings, std::move(*make_network(options.model)), nullptr, places, {});
  REQUIRE(plan);
  for (std::size_t i = 0; i < 3; ++i) {
    CAPTURE(i);
    auto& group = *plan->groups[i].layers;
    REQUIRE(survey.hashes[i] == hash_of_group(*plan, i));
    std::uint64_t bytes = 0;
    for (const auto& each : group.weights()) bytes += each.value.bytes();
    REQUIRE(survey.weight_bytes[i] == bytes);
    auto work = group.multiply_adds();
    if (const auto& predictor = plan->groups[i].predictor)
      work += predictor->predict_multiply_adds() + predictor->train_multiply_adds();
    REQUIRE(survey.costs[i].multiply_adds == work);
  }
}

TEST_CASE("a model that no machine could hold is surveyed in little memory, and another seed is still seen") {
  cpu_device scratch;
  auto options = options_of("synthetic");
  options.model = "mlp:784-60000x20-1000";
  options.settings.split = std::vector<int>(21, 1);
  const auto survey = survey_groups(options, scratch);
  REQUIRE(survey);
  const auto bytes = std::accumulate(survey->weight_bytes.begin(), survey->weight_bytes.end(), std::uint64_t{0});
  REQUIRE(bytes > std::uint64_t{250} << 30);
  REQUIRE(scratch.memory().counters().bytes < std::uint64_t{16} << 20); // values and gradients of one sampled layer
  options.settings.seed += 1;
  const auto other = survey_groups(options, scratch)->hashes;
  for (std::size_t i = 0; i < 21; ++i) REQUIRE(survey->hashes[i] != other[i]);
}

TEST_CASE("a survey of a run that cannot be says what is wrong") {
  cpu_device cpu;
  auto options = options_of("synthetic");
  options.settings.steps = 0;
  REQUIRE(survey_groups(options, cpu).message().find("steps") != std::string::npos);
}
