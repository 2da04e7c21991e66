// Training images that differ a little each time they are seen: moved by some pixels, mirrored.
//
//   augmentation = "crop:" N | "flip" | "crop:" N ",flip"
//
// crop:N moves an image by up to N pixels in each direction; what comes in from outside is black. flip mirrors every
// other image, left to right. Plain values; any thread.
#pragma once

#include "runtime/random.hpp"
#include "runtime/result.hpp"
#include "runtime/sample_spec.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

namespace syngrad {

struct augmentation {
  std::int64_t crop = 0; // pixels
  bool flip = false;

  explicit operator bool() const { return crop > 0 || flip; }
  std::string text() const; // as parse() takes it; empty: none
  static result<augmentation> parse(const std::string& text);

  // What is wrong with it for such inputs.
  status check(const sample_spec& input) const;

  // `from` and `to` are one image [height, width, channels] each, with elements of so many bytes.
  void apply(const std::byte* from, const shape& image, std::size_t element_bytes, random_source&, std::byte* to) const;
};

} // namespace syngrad
