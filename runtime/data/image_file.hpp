// Reads images of PNG and JPEG files, told apart by their first bytes, through libpng and libjpeg. Any thread.
#pragma once

#include "runtime/result.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace syngrad {

struct image_size {
  std::int64_t height = 0, width = 0;

  std::string to_string() const { return std::to_string(height) + "x" + std::to_string(width); }
  friend bool operator==(const image_size&, const image_size&) = default;
};

struct image_header {
  image_size size;
  bool is_grey = false;
};

// What the file says of itself. Fails where it is no image of these kinds, or its header is cut.
result<image_header> read_image_header(const std::string& file);

// Fills `pixels` with [height, width, channels]; 1 channel is grey, 3 are red, green and blue. What is transparent is
// laid on black. Fails where the file is cut or damaged.
status read_image(const std::string& file, int channels, image_size& size, std::vector<std::uint8_t>& pixels);

// The image with another size: each new pixel is the mean of those below it, weighted by a triangle as wide as they lie
// apart (bilinear, without aliasing).
void resize_image(const std::vector<std::uint8_t>& from, image_size size, int channels, image_size wanted,
                  std::vector<std::uint8_t>& to);

// What all images of a set are to be.
struct image_form {
  image_size size;
  int channels = 3;
  bool resizes = false; // images of another size; else they are refused

  std::int64_t bytes() const { return size.height * size.width * channels; }
};

// Reads images of one form. One thread at a time.
class image_reader {
public:
  explicit image_reader(image_form form) : form_(form) {}

  // form.bytes() pixels.
  status read(const std::string& file, std::uint8_t* into);

private:
  image_form form_;
  std::vector<std::uint8_t> read_, resized_;
};

} // namespace syngrad
