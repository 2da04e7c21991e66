// What every test of a model needs: a CPU device with one stream, and data to and from the host.
#pragma once

#include "runtime/cpu/cpu_device.hpp"
#include "runtime/operators.hpp"
#include "runtime/random.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

namespace syngrad {

class bench {
public:
  explicit bench(std::uint64_t seed = 1) : random(seed, 0) { configure_compute_thread(); }

  tensor upload(shape extents, const std::vector<float>& values) {
    auto made = make_tensor(s, extents);
    s.ops().upload(s, values.data(), made);
    return made;
  }

  // Standard normal, times `scale`.
  tensor normal(shape extents, double scale = 1) {
    std::vector<float> values(static_cast<std::size_t>(extents.elements()));
    for (auto& value : values) value = static_cast<float>(scale * random.normal());
    return upload(extents, values);
  }

  tensor upload_numbers(const std::vector<std::int32_t>& values) {
    auto made = make_tensor(s, {static_cast<std::int64_t>(values.size())}, dtype::i32);
    s.ops().upload(s, values.data(), made);
    return made;
  }

  tensor labels(std::int64_t batch, std::int32_t classes) {
    std::vector<std::int32_t> values(static_cast<std::size_t>(batch));
    for (auto& value : values) value = static_cast<std::int32_t>(random.below(static_cast<std::uint32_t>(classes)));
    return upload_numbers(values);
  }

  std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + random.below(static_cast<std::uint32_t>(high - low + 1));
  }

  cpu_device where;
  stream& s = where.make_stream();
  random_source random;
};

inline std::span<float> values(const tensor& t) {
  return {t.f32(), static_cast<std::size_t>(t.elements())};
}

inline std::vector<float> to_vector(const tensor& t) {
  const auto all = values(t);
  return {all.begin(), all.end()};
}

inline double norm(std::span<const float> x) {
  double squares = 0;
  for (const auto each : x) squares += double{each} * each;
  return std::sqrt(squares);
}

// |a - b| / |b|
inline double relative_distance(std::span<const float> a, std::span<const float> b) {
  REQUIRE(a.size() == b.size());
  double squares = 0;
  for (std::size_t i = 0; i < a.size(); ++i) squares += (double{a[i]} - b[i]) * (double{a[i]} - b[i]);
  return std::sqrt(squares) / norm(b);
}

inline double relative_distance(const tensor& a, const tensor& b) {
  return relative_distance(values(a), values(b));
}

} // namespace syngrad
