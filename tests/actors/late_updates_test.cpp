// What --weights, --update, --error-feedback and --delay-lr make of delayed gradients: the same weights whatever the
// timing, the device, the recordings and the processes; and what each of them is defined by.
#include "actors/group_outline.hpp"
#include "actors/planned_memory.hpp"
#include "actors/update_policy.hpp"
#include "models/layers/linear.hpp"
#include "models/layers/relu.hpp"
#include "runtime/cpu/cpu_device.hpp"
#include "runtime/data/batch_order.hpp"
#include "runtime/operators.hpp"
#include "tests/actors/scheduled_run.hpp"
#include "tests/actors/threaded_run.hpp"
#include "tests/actors/toy_runs.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/late_device.hpp"

#include <numeric>
#include <optional>

namespace syngrad::test {
namespace {

constexpr const char* toy_model = "mlp:5-4x3-3";

struct form {
  std::string name;
  bool stash = false;
  int batches = 1;
  bool feeds_back = false;
  bool discounts = false;
};

std::vector<form> all_forms() {
  return {{"stash", true},
          {"feedback", false, 1, true},
          {"stash, feedback", true, 1, true},
          {"discount", false, 1, false, true},
          {"every:4", false, 4},
          {"every:5, feedback", false, 5, true}};
}

training_settings delayed(const form& how, std::int64_t steps) {
  auto out = four_groups("delayed", steps);
  out.stash_weights = how.stash;
  out.update_batches = how.batches;
  out.error_feedback = how.feeds_back;
  out.discount_by_delay = how.discounts;
  out.deterministic = true;
  return out;
}

std::vector<float> weights_left_by(const training_settings& settings, const schedule& order = {}) {
  cpu_device cpu;
  const auto out = run_scheduled(settings, toy_model, toy(), cpu, order);
  REQUIRE(out.stuck == "");
  REQUIRE(out.summary.failure == "");
  return out.weights;
}

// Without groups and actors: W(t + 1) = W(t) - step(gradients of W(t - 1)), of so many batches each.
std::vector<float> with_two_versions(const training_settings& settings) {
  configure_compute_thread();
  cpu_device cpu;
  auto& work = cpu.make_stream();
  auto net = std::move(*make_network(toy_model));
  layer_list all;
  for (auto& unit : net.units)
    for (auto& each : unit) all.push_back(std::move(each));
  layer_group layers(work, net.input, std::move(all), settings.optimizer, settings.seed, 0);
  const auto judge = std::move(*make_objective({}));
  auto& data = toy();
  std::vector<std::int32_t> rows(static_cast<std::size_t>(data.train.count));
  std::iota(rows.begin(), rows.end(), 0);
  auto order = batch_order::make(std::move(rows), settings.batch_size, settings.seed);

  auto latest = layers.copy_of_weights(work), before = latest;
  for (std::int64_t batch = 0; batch < settings.steps;) {
    work.ops().copy(work, before, layers.trained());
    std::int64_t of_update = 0;
    for (; of_update < settings.update_batches && batch < settings.steps; ++of_update, ++batch) {
      auto x = make_tensor(work, {settings.batch_size, 5});
      auto labels = make_tensor(work, {settings.batch_size}, dtype::i32);
      std::int64_t row = 0;
      for (const auto sample : order->next()) {
        for (std::int64_t i = 0; i < 5; ++i)
          x.f32()[row * 5 + i] = data.train.floats[static_cast<std::size_t>(sample * 5 + i)];
        labels.i32()[row++] = data.train.labels[static_cast<std::size_t>(sample)];
      }
      group_cache cache;
      const auto y = layers.forward(work, x, phase::train, &cache);
      auto result = make_tensor(work, {objective::numbers});
      const auto dy = judge->evaluate(work, y, labels, true, result);
      layers.backward(work, dy, cache, {.input_gradient = false, .accumulate = of_update > 0});
    }
    work.ops().copy(work, latest, layers.trained());
    before = latest;
    layers.update(work,
                  {.terms = of_update * settings.batch_size, .learning_rate = usual_learning_rate(settings.optimizer)});
    latest = layers.copy_of_weights(work);
  }
  std::vector<float> out;
  for (const auto& each : layers.weights())
    out.insert(out.end(), each.value.f32(), each.value.f32() + each.value.elements());
  return out;
}

} // namespace

TEST_CASE("without a delay every form is backpropagation, bit for bit") {
  auto settings = four_groups("locked", 40);
  settings.deterministic = true;
  const auto locked = weights_left_by(settings);
  for (const auto& how : {form{"plain"}, form{"stash", true}, form{"feedback", false, 1, true}}) {
    CAPTURE(how.name);
    auto no_lag = delayed(how, 40);
    no_lag.lag = 0;
    CHECK(weights_left_by(no_lag) == locked);
  }
  // An update of one batch, and one group.
  settings.split = {4};
  auto one_group = delayed({"every:1"}, 40);
  one_group.split = {4};
  CHECK(weights_left_by(one_group) == weights_left_by(settings));
}

TEST_CASE("gradients of M batches in one group are one update of all of them, without delay") {
  auto settings = four_groups("locked", 20);
  settings.split = {4};
  settings.batch_size = 16;
  settings.optimizer.name = "sgd";
  settings.learning_rate = 0.05f;
  network plain{"plain", {{5}}, {}}, same{"plain", {{5}}, {}};
  for (auto* net : {&plain, &same})
    for (const std::int64_t width : {5, 3}) {
      layer_list unit;
      unit.push_back(std::make_unique<linear>(width == 5 ? 5 : 6, width == 5 ? 6 : 3, true));
      net->units.push_back(std::move(unit));
    }
  settings.split = {2};
  cpu_device cpu;
  const auto expected = run_threaded(settings, std::move(plain), toy(), cpu);
  settings.policy = "delayed";
  settings.batch_size = 4;
  settings.steps = 80;
  settings.update_batches = 4;
  const auto found = run_threaded(settings, std::move(same), toy(), cpu);
  REQUIRE(found.summary.failure == "");
  REQUIRE(found.summary.groups.front().updates == 20);
  for (std::size_t i = 0; i < expected.weights.size(); ++i)
    REQUIRE(found.weights[i] == Approx(expected.weights[i]).epsilon(1e-4).margin(1e-5));
}

TEST_CASE("stashed weights are those of the forward pass, and make a difference") {
  CHECK(weights_left_by(delayed({"stash", true}, 60)) != weights_left_by(delayed({"plain"}, 60)));
}

TEST_CASE("double-buffered gradients come one update late in every group, whatever groups, timing and lag are") {
  const int batches = GENERATE(4, 7);
  const std::int64_t steps = GENERATE(56, 59, 3);
  CAPTURE(batches, steps);
  auto settings = delayed({"every", false, batches}, steps);
  const auto expected = with_two_versions(settings);
  for (std::uint64_t seed = 1; seed < 40; ++seed) {
    random_source random(seed, 31);
    static const std::vector<std::vector<int>> splits{{2, 2}, {1, 1, 2}, {1, 1, 1, 1}, {3, 1}};
    settings.split = splits[random.below(4)];
    settings.credits = 1 + static_cast<int>(random.below(5));
    settings.deterministic = random.below(2) == 0;
    settings.recompute = random.below(2) == 0;
    settings.lag.reset();
    if (settings.deterministic && random.below(2))
      settings.lag = static_cast<int>(random.below(static_cast<std::uint32_t>(batches) + 1));
    settings.evaluate_every = random.below(2) ? 1 + static_cast<std::int64_t>(random.below(20)) : 0;
    CAPTURE(seed, settings.split.size(), settings.credits, settings.deterministic, settings.recompute);
    CHECK(weights_left_by(settings, {seed, {}, nullptr}) == expected);
  }
}

TEST_CASE("the staleness of double-buffered gradients is one update") {
  cpu_device cpu;
  const auto out = run_scheduled(delayed({"every", false, 4}, 40), toy_model, toy(), cpu, {});
  for (const auto& group : out.summary.groups) {
    CHECK(group.updates == 10);
    CHECK(group.staleness == Approx(0.9)); // those of the first update are not late
  }
}

TEST_CASE("every form ends under any order of messages, interrupted or not, with every batch applied once") {
  cpu_device cpu;
  for (const auto& how : all_forms())
    for (std::uint64_t seed = 0; seed < 150; ++seed) {
      random_source random(seed, 29);
      auto settings = delayed(how, 1 + static_cast<std::int64_t>(random.below(24)));
      static const std::vector<std::vector<int>> splits{{2, 2}, {1, 1, 2}, {1, 1, 1, 1}};
      settings.split = splits[random.below(how.discounts ? 1 : 3)];
      settings.credits = 1 + static_cast<int>(random.below(3));
      settings.deterministic = random.below(2) == 0;
      settings.evaluate_every = random.below(2) ? 1 + static_cast<std::int64_t>(random.below(4)) : 0;
      settings.warmup_batches = random.below(4) == 0 ? static_cast<std::int64_t>(random.below(8)) : 0;
      schedule order{seed, {}, nullptr};
      if (random.below(3) == 0) order.interrupt_at = random.below(400);
      CAPTURE(how.name, seed, settings.split.size(), settings.steps, settings.deterministic);
      const auto out = run_scheduled(settings, toy_model, toy(), cpu, order);
      REQUIRE(out.stuck == "");
      REQUIRE(out.summary.failure == "");
      if (!order.interrupt_at) REQUIRE(out.summary.steps == settings.steps);
      for (const auto& group : out.summary.groups)
        REQUIRE(group.updates == (out.summary.steps + how.batches - 1) / how.batches);
    }
  CHECK(cpu.memory().counters().in_use == 0);
}

TEST_CASE("every form gives the same weights on a late device, recorded, made again, and over members") {
  for (const auto& how : all_forms()) {
    CAPTURE(how.name);
    auto settings = delayed(how, 60);
    settings.evaluate_every = 7;
    settings.schedule = "0.5:0.1";
    const auto expected = weights_left_by(settings);
    auto again = settings;
    again.recompute = true;
    CHECK(weights_left_by(again) == expected);
    auto recorded = settings;
    recorded.cuda_graphs = true;
    for (std::uint64_t seed = 1; seed < 9; ++seed) {
      CAPTURE(seed);
      late_device late(seed);
      CHECK(run_scheduled(settings, toy_model, toy(), late, {seed, {}, &late}).weights == expected);
      late_device replaying(seed);
      const auto replayed = run_scheduled(recorded, toy_model, toy(), replaying, {seed, {}, &replaying});
      CHECK(replayed.weights == expected);
      CHECK(replayed.recordings.replays > 0);
      schedule spread{seed, {}, nullptr};
      spread.member_of = {0, 1, 1, 2};
      CHECK(weights_left_by(settings, spread) == expected);
    }
  }
}

TEST_CASE("each form trains other weights than the others") {
  std::vector<std::vector<float>> all{weights_left_by(delayed({"plain"}, 60))};
  for (const auto& how : all_forms()) {
    CAPTURE(how.name);
    const auto weights = weights_left_by(delayed(how, 60));
    for (const auto& other : all) CHECK(weights != other);
    all.push_back(weights);
  }
}

TEST_CASE("a group's rate is discounted by its delay, over the first quarter of the run") {
  auto settings = delayed({"discount", false, 1, false, true}, 400);
  const learning_rate usual(0.5f);
  CHECK(delay_of_group(settings, 0) == 6);
  CHECK(rate_of_group(settings, usual, 0).at(0) == Approx(0.5 / 6));
  CHECK(rate_of_group(settings, usual, 2).at(50) == Approx(0.5 / std::sqrt(2)));
  CHECK(rate_of_group(settings, usual, 0).at(100) == 0.5f);
  CHECK(rate_of_group(settings, usual, 3).at(0) == 0.5f);
  settings.lag = 10;
  CHECK(delay_of_group(settings, 1) == 10);
  settings.update_batches = 4;
  for (int group = 0; group < 4; ++group) CHECK(delay_of_group(settings, group) == 1);
}

TEST_CASE("what weights and updates are kept is told before the run") {
  const auto lowest = [](const form& how, std::optional<int> lag = {}) {
    auto settings = delayed(how, 200);
    settings.lag = lag;
    const auto told = memory_of_run(settings, std::move(*make_network(toy_model))).value();
    cpu_device cpu;
    const auto held = run_scheduled(settings, toy_model, toy(), cpu, {}).summary;
    for (std::size_t i = 0; i < told.groups.size(); ++i) CHECK(told.groups[i].caches == held.groups[i].cache_bytes);
    return told.groups.front();
  };
  const auto plain = lowest({"plain"});
  const auto six_copies = lowest({"feedback", false, 1, true}).caches - plain.caches;
  const auto copy = six_copies / 6;
  CHECK(copy > 0);
  CHECK(copy <= plain.weights); // which have what batch normalisation counts, too
  CHECK(six_copies % 6 == 0);
  CHECK(lowest({"stash", true}).caches - plain.caches == six_copies);
  // Two versions: one lies in the layers. Four batches are on their way.
  CHECK(lowest({"every", false, 4}).caches - lowest({"plain"}, 4).caches == copy);
  CHECK(lowest({"every, feedback", false, 4, true}).caches - lowest({"plain"}, 4).caches == 2 * copy);
}

} // namespace syngrad::test
