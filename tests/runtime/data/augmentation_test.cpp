#include "runtime/data/augmentation.hpp"

#include "runtime/data/host_batch.hpp"
#include "tests/runtime/data/temporary_folder.hpp"

#include <cstring>
#include <numeric>
#include <set>
#include <string>

using namespace syngrad;

namespace {

constexpr std::int64_t small_height = 5, small_width = 4, small_channels = 2;
const shape small_image{small_height, small_width, small_channels};

// No two bytes alike, none 0.
std::vector<std::uint8_t> numbered_pixels() {
  std::vector<std::uint8_t> out(static_cast<std::size_t>(small_image.elements()));
  std::iota(out.begin(), out.end(), std::uint8_t{1});
  return out;
}

// What the image is, moved down and to the right and then mirrored: element by element.
std::vector<std::uint8_t> moved(std::int64_t down, std::int64_t right, bool mirrored) {
  const auto from = numbered_pixels();
  std::vector<std::uint8_t> out(from.size());
  for (std::int64_t y = 0; y < small_height; ++y)
    for (std::int64_t x = 0; x < small_width; ++x)
      for (std::int64_t c = 0; c < small_channels; ++c) {
        const auto seen_x = mirrored ? small_width - 1 - x : x;
        const auto source_y = y - down, source_x = seen_x - right;
        const bool inside = source_y >= 0 && source_y < small_height && source_x >= 0 && source_x < small_width;
        out[static_cast<std::size_t>((y * small_width + x) * small_channels + c)] =
          inside ? from[static_cast<std::size_t>((source_y * small_width + source_x) * small_channels + c)]
                 : std::uint8_t{0};
      }
  return out;
}

// Images that can be ordered. As vectors of bytes GCC 12 warns of their comparison without a reason.
using image_set = std::set<std::string>;

std::string as_text(const std::vector<std::uint8_t>& image) {
  return {image.begin(), image.end()};
}

image_set all_moves(std::int64_t crop, bool flip) {
  image_set all;
  for (auto down = -crop; down <= crop; ++down)
    for (auto right = -crop; right <= crop; ++right) {
      all.insert(as_text(moved(down, right, false)));
      if (flip) all.insert(as_text(moved(down, right, true)));
    }
  return all;
}

} // namespace

TEST_CASE("an augmented image is the image moved and mirrored, and every move comes up") {
  const auto [crop, flip] = GENERATE(table<std::int64_t, bool>({{0, true}, {1, false}, {2, true}, {3, true}}));
  const auto expected = all_moves(crop, flip);
  image_set seen;
  random_source random(3, 0);
  const auto from = numbered_pixels();
  std::vector<std::uint8_t> to(from.size());
  for (int i = 0; i < 4000; ++i) {
    augmentation{crop, flip}.apply(reinterpret_cast<const std::byte*>(from.data()), small_image, 1, random,
                                   reinterpret_cast<std::byte*>(to.data()));
    seen.insert(as_text(to));
  }
  CHECK(seen == expected);
}

TEST_CASE("half of the images are mirrored") {
  random_source random(1, 0);
  const auto from = numbered_pixels();
  std::vector<std::uint8_t> to(from.size());
  int mirrored = 0;
  for (int i = 0; i < 10'000; ++i) {
    augmentation{0, true}.apply(reinterpret_cast<const std::byte*>(from.data()), small_image, 1, random,
                                reinterpret_cast<std::byte*>(to.data()));
    mirrored += to == from ? 0 : 1;
  }
  CHECK(std::abs(mirrored - 5000) < 250); // 5000 +- 50 expected
}

TEST_CASE("floats are moved as bytes are") {
  const auto bytes = numbered_pixels();
  const std::vector<float> from(bytes.begin(), bytes.end());
  std::vector<float> to(from.size());
  std::vector<std::uint8_t> bytes_to(from.size());
  random_source random(7, 0), again(7, 0);
  for (int i = 0; i < 100; ++i) {
    augmentation{2, true}.apply(reinterpret_cast<const std::byte*>(from.data()), small_image, 4, random,
                                reinterpret_cast<std::byte*>(to.data()));
    augmentation{2, true}.apply(reinterpret_cast<const std::byte*>(bytes.data()), small_image, 1, again,
                                reinterpret_cast<std::byte*>(bytes_to.data()));
    REQUIRE(to == std::vector<float>(bytes_to.begin(), bytes_to.end()));
  }
}

TEST_CASE("an augmentation is read as it is written") {
  for (const auto* text : {"crop:4", "flip", "crop:12,flip"}) CHECK(augmentation::parse(text)->text() == text);
  CHECK(augmentation::parse("flip,crop:2")->text() == "crop:2,flip");
  CHECK_FALSE(augmentation{});
  for (const auto* text : {"", "crop", "crop:", "crop:0", "crop:-1", "crop:x", "crop:4097", "flip,flip",
                           "crop:1,crop:2", "flip,", "rotate"})
    require_message(augmentation::parse(text), {"crop:N", "crop:4,flip"});
}

TEST_CASE("only images are augmented, and not out of sight") {
  const augmentation both{4, true};
  CHECK(both.check({{28, 28, 1}}));
  require_message(both.check({{784}}), {"images", "784 features"});
  require_message(both.check({{64}, dtype::i32, 65}), {"images"});
  require_message(both.check({{4, 28, 1}}), {"crop:4", "4x28x1", "less than 4"});
}

TEST_CASE("what is drawn for a batch depends on the seed and its number alone") {
  dataset data;
  data.input = {small_image};
  data.target = label_spec(2);
  for (int i = 0; i < 6; ++i) {
    const auto bytes = numbered_pixels();
    data.train.bytes.insert(data.train.bytes.end(), bytes.begin(), bytes.end());
    data.train.labels.push_back(i % 2);
  }
  data.train.count = 6;
  const std::vector<std::int64_t> rows{5, 0, 1, 2, 3, 4};
  const auto made = [&](augmentation with, std::uint64_t seed, std::uint64_t number) {
    host_batch out;
    host_batch_maker(data.train, data, with, seed).make(rows, number, out);
    return out;
  };
  const augmentation both{2, true};
  const auto first = made(both, 1, 7);
  CHECK(first.samples == 6);
  CHECK(first.terms == 6);
  CHECK(first.inputs == made(both, 1, 7).inputs);
  CHECK(first.inputs != made(both, 1, 8).inputs);
  CHECK(first.inputs != made(both, 2, 7).inputs);
  CHECK(first.targets == made({}, 1, 7).targets);
  const auto plain = made({}, 1, 7).inputs;
  CHECK(std::memcmp(plain.data(), data.train.bytes.data() + 5 * small_image.elements(), 40) == 0);
}
