#include "runtime/data/digits.hpp"

#include "tests/support/catch.hpp"

#include <algorithm>
#include <array>
#include <vector>

using namespace syngrad;

namespace {

constexpr std::size_t pixels = 784;

// Fowler, Noll and Vo's hash, variant 1a.
std::uint64_t hash(const std::vector<std::uint8_t>& bytes, std::size_t count) {
  std::uint64_t value = 0xcbf29ce484222325;
  for (std::size_t i = 0; i < count; ++i) value = (value ^ bytes[i]) * 0x100000001b3;
  return value;
}

double ink(const std::uint8_t* image) {
  double sum = 0;
  for (std::size_t i = 0; i < pixels; ++i) sum += image[i];
  return sum / 255;
}

} // namespace

TEST_CASE("the first hundred test digits have the bytes that they always had") {
  // A change here changes every result that was ever measured on this set: make it only on purpose.
  const auto data = make_digits(1, 0, 100);
  CHECK(hash(data.test.bytes, 100 * pixels) == 0xd5c08a41b4692fd7);
}

TEST_CASE("the test digits do not depend on the seed, the training digits do") {
  const auto a = make_digits(1, 200, 200), b = make_digits(2, 200, 200);
  CHECK(a.test.bytes == b.test.bytes);
  CHECK(a.train.bytes != b.train.bytes);
  CHECK(a.train.bytes != a.test.bytes);
  CHECK(make_digits(1, 200, 0).train.bytes == a.train.bytes);
}

TEST_CASE("a smaller set of digits is the beginning of a larger one") {
  const auto large = make_digits(1, 137, 59), small = make_digits(1, 41, 7);
  CHECK(std::equal(small.train.bytes.begin(), small.train.bytes.end(), large.train.bytes.begin()));
  CHECK(std::equal(small.test.bytes.begin(), small.test.bytes.end(), large.test.bytes.begin()));
}

TEST_CASE("every class of digits is equally frequent") {
  const auto data = make_digits(3, 1000, 100);
  CHECK(data.input == sample_spec{{28, 28, 1}});
  CHECK(data.target == label_spec(10));
  CHECK(data.train.floats.empty());
  REQUIRE(data.train.bytes.size() == 1000 * pixels);
  REQUIRE(data.train.labels.size() == 1000);
  for (int digit = 0; digit < 10; ++digit)
    CHECK(std::count(data.train.labels.begin(), data.train.labels.end(), digit) == 100);
}

TEST_CASE("every digit has ink inside the image and hardly any at its border") {
  const auto data = make_digits(3, 2000, 0);
  int at_border = 0;
  double total = 0;
  for (std::size_t i = 0; i < 2000; ++i) {
    const auto* image = data.train.bytes.data() + i * pixels;
    CHECK(ink(image) > 15);
    CHECK(ink(image) < 300);
    CHECK(*std::max_element(image, image + pixels) > 220);
    total += ink(image);
    bool touches = false;
    for (std::size_t k = 0; k < 28; ++k)
      touches =
        touches || image[k] > 128 || image[27 * 28 + k] > 128 || image[28 * k] > 128 || image[28 * k + 27] > 128;
    at_border += touches;
  }
  CHECK(total / 2000 > 60);
  CHECK(total / 2000 < 140);
  CHECK(at_border < 40);
}

TEST_CASE("digits can be told apart by their class means, but not well") {
  const auto data = make_digits(3, 5000, 1000);
  std::vector<std::array<double, pixels>> means(10);
  for (std::size_t i = 0; i < 5000; ++i)
    for (std::size_t p = 0; p < pixels; ++p)
      means[static_cast<std::size_t>(data.train.labels[i])][p] += data.train.bytes[i * pixels + p] / 500.0;
  int wrong = 0;
  for (std::size_t i = 0; i < 1000; ++i) {
    std::array<double, 10> distance{};
    for (std::size_t k = 0; k < 10; ++k) {
      for (std::size_t p = 0; p < pixels; ++p) {
        const auto difference = data.test.bytes[i * pixels + p] - means[k][p];
        distance[k] += difference * difference;
      }
    }
    const auto nearest = std::min_element(distance.begin(), distance.end()) - distance.begin();
    wrong += nearest != data.test.labels[i];
  }
  CHECK(wrong > 150); // chance: 900
  CHECK(wrong < 500);
}

TEST_CASE("no digits at all is an empty set") {
  const auto data = make_digits(1, 0, 0);
  CHECK(data.train.count == 0);
  CHECK(data.test.bytes.empty());
}
