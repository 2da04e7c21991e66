// A run whose batches are made by a thread of its own: the same whatever the threads, and another with another seed.
#include "tests/actors/threaded_run.hpp"
#include "tests/support/catch.hpp"

#include "runtime/cpu/cpu_device.hpp"
#include "runtime/data/digits.hpp"

using namespace syngrad;
using namespace syngrad::test;

namespace {

std::vector<float> weights_of(const char* augment, int threads, const char* policy = "synthetic") {
  static const dataset data = make_digits(1, 1000, 200);
  cpu_device cpu;
  training_settings settings;
  settings.policy = policy;
  settings.split = {1, 1, 1};
  settings.batch_size = 64;
  settings.steps = 40;
  settings.evaluate_every = 15;
  settings.deterministic = true;
  settings.threads = threads;
  if (*augment) settings.augment = augmentation::parse(augment).value();
  const auto done = run_threaded(settings, "mlp:784-16x2-10", data, cpu);
  REQUIRE(done.summary.steps == 40);
  REQUIRE(done.evaluations.size() >= 3);
  return done.weights;
}

} // namespace

TEST_CASE("a run with augmented images is the same whatever the number of threads") {
  const auto once = weights_of("crop:2,flip", 1);
  REQUIRE(once == weights_of("crop:2,flip", 3));
  REQUIRE(once != weights_of("crop:2", 1));
  REQUIRE(once != weights_of("", 1));
  REQUIRE(weights_of("flip", 2, "locked") == weights_of("flip", 1, "locked"));
}

TEST_CASE("an augmentation of what is no image is refused by its name") {
  cpu_device cpu;
  dataset flat = make_digits(1, 100, 20);
  flat.input = {{784}};
  training_settings settings;
  settings.batch_size = 10;
  settings.steps = 1;
  settings.augment = {2, false};
  REQUIRE_THROWS_WITH(run_threaded(settings, "mlp:784-16x2-10", flat, cpu),
                      Catch::Matchers::StartsWith("augment: expected images"));
}
