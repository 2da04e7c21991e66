#include "runtime/data/augmentation.hpp"

#include "runtime/text.hpp"

#include <algorithm>
#include <cstring>

namespace syngrad {

std::string augmentation::text() const {
  std::string out;
  if (crop > 0) out = "crop:" + std::to_string(crop);
  if (flip) out += out.empty() ? "flip" : ",flip";
  return out;
}

result<augmentation> augmentation::parse(const std::string& text) {
  constexpr std::string_view crop_prefix = "crop:";
  constexpr std::int64_t most_pixels = 1 << 12;
  const auto wrong = [&] {
    return error::setting("expected crop:N, flip or crop:N,flip, N from 1 to " + std::to_string(most_pixels) +
                          ", got '" + text + "'; write for example crop:4,flip");
  };
  augmentation out;
  for (const auto part : split_text(text, ',')) {
    if (part == "flip" && !out.flip) {
      out.flip = true;
    } else if (part.starts_with(crop_prefix) && out.crop == 0) {
      const auto pixels = parse_number<std::int64_t>(part.substr(crop_prefix.size()));
      if (!pixels || *pixels < 1 || *pixels > most_pixels) return wrong();
      out.crop = *pixels;
    } else {
      return wrong();
    }
  }
  return out;
}

status augmentation::check(const sample_spec& input) const {
  if (input.extents.rank() != 3 || input.is_numbers())
    return error::setting("expected images, height x width x channels, with it, but a sample has " + input.to_string() +
                          "; leave it out");
  const auto side = std::min(input.extents[0], input.extents[1]);
  if (crop >= side)
    return error::setting("crop:" + std::to_string(crop) + " can move an image of " + input.to_string() +
                          " out of sight; expected less than " + std::to_string(side));
  return ok();
}

void augmentation::apply(const std::byte* from, const shape& image, std::size_t element_bytes, random_source& random,
                         std::byte* to) const {
  const auto height = image[0], width = image[1];
  const auto pixel = element_bytes * static_cast<std::size_t>(image[2]);
  const auto row_bytes = pixel * static_cast<std::size_t>(width);
  const auto moved = [&] {
    return crop == 0 ? std::int64_t{0} : std::int64_t{random.below(static_cast<std::uint32_t>(2 * crop + 1))} - crop;
  };
  const auto down = moved(), right = moved();
  const bool mirrored = flip && random.bits() >> 63;
  const auto first = std::max<std::int64_t>(0, right), last = std::min(width, width + right); // columns that are seen
  for (std::int64_t y = 0; y < height; ++y) {
    auto* const row = to + static_cast<std::size_t>(y) * row_bytes;
    const auto source_y = y - down;
    std::memset(row, 0, row_bytes);
    if (source_y < 0 || source_y >= height) continue;
    const auto* source =
      from + static_cast<std::size_t>(source_y) * row_bytes + static_cast<std::size_t>(first - right) * pixel;
    if (!mirrored) {
      std::memcpy(row + static_cast<std::size_t>(first) * pixel, source,
                  static_cast<std::size_t>(last - first) * pixel);
      continue;
    }
    for (auto x = first; x < last; ++x, source += pixel)
      std::memcpy(row + static_cast<std::size_t>(width - 1 - x) * pixel, source, pixel);
  }
}

} // namespace syngrad
