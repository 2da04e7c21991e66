// A window that moves over the two axes of positions of an image [height, width, channels]: of a convolution or of
// pooling, with PyTorch's names. Plain values.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

namespace syngrad {

// A number for each axis, that of the height first. One number stands for both.
struct extent2d {
  constexpr extent2d(std::int64_t both = 0) : height(both), width(both) {}
  constexpr extent2d(std::int64_t along_height, std::int64_t along_width) : height(along_height), width(along_width) {}

  constexpr std::int64_t positions() const { return height * width; }
  std::string to_string() const { return std::to_string(height) + "x" + std::to_string(width); } // "3x3"

  friend bool operator==(const extent2d&, const extent2d&) = default;
  friend auto operator<=>(const extent2d&, const extent2d&) = default;

  std::int64_t height, width;
};

struct window2d {
  extent2d kernel_size;
  extent2d stride = 1;
  extent2d padding = 0; // on each side, of positions that count as zero or, for a maximum, not at all

  // How many positions it takes on an input that is large enough for one.
  constexpr extent2d output_of(extent2d input) const {
    return {(input.height + 2 * padding.height - kernel_size.height) / stride.height + 1,
            (input.width + 2 * padding.width - kernel_size.width) / stride.width + 1};
  }

  friend bool operator==(const window2d&, const window2d&) = default;
  friend auto operator<=>(const window2d&, const window2d&) = default;
};

} // namespace syngrad
