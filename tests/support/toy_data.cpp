#include "tests/support/toy_data.hpp"

#include "runtime/random.hpp"

namespace syngrad::test {

namespace {

sample_set draw(const std::vector<float>& centres, std::int64_t features, std::int32_t classes, std::int64_t count,
                random_source& random) {
  sample_set out;
  out.count = count;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto label = static_cast<std::int32_t>(random.below(static_cast<std::uint32_t>(classes)));
    out.labels.push_back(label);
    for (std::int64_t f = 0; f < features; ++f)
      out.floats.push_back(centres[static_cast<std::size_t>(label * features + f)] +
                           0.3f * static_cast<float>(random.normal()));
  }
  return out;
}

} // namespace

dataset make_toy_data(std::int64_t features, std::int32_t classes, std::int64_t train_count, std::int64_t test_count,
                      std::uint64_t seed) {
  random_source random(seed, 99);
  std::vector<float> centres(static_cast<std::size_t>(features * classes));
  for (auto& each : centres) each = static_cast<float>(random.normal());
  dataset out;
  out.name = "toy";
  out.features = features;
  out.classes = classes;
  out.train = draw(centres, features, classes, train_count, random);
  out.test = draw(centres, features, classes, test_count, random);
  return out;
}

} // namespace syngrad::test
