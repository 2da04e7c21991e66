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

dataset make_toy_data(std::int64_t features, std::int32_t classes) {
  random_source random(1, 99);
  std::vector<float> centres(static_cast<std::size_t>(features * classes));
  for (auto& each : centres) each = static_cast<float>(random.normal());
  dataset out;
  out.name = "toy";
  out.input = {{features}};
  out.target = label_spec(classes);
  out.train = draw(centres, features, classes, 64, random);
  out.test = draw(centres, features, classes, 20, random);
  return out;
}

} // namespace

const dataset& toy() {
  static const dataset data = make_toy_data(5, 3);
  return data;
}

} // namespace syngrad::test
