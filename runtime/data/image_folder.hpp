// Images in folders that are their classes: PNG and JPEG files.
//
//   DIR = { CLASS "/" file }                                    test rows are drawn
//       | "train/" { CLASS "/" file }, ("test/" | "val/") { CLASS "/" file }
//
// Classes are numbered in the order of their names. All images have one size, or are resized. They are grey where all
// files are, else red, green and blue. A small set is read when it is opened; of a large one the headers are, and
// images when a batch has them.
#pragma once

#include "runtime/data/dataset.hpp"
#include "runtime/data/image_file.hpp"
#include "runtime/data/learned_data.hpp"
#include "runtime/data/row_split.hpp"
#include "runtime/result.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace syngrad {

struct image_settings {
  std::optional<image_size> resize;
  double test_fraction = usual_test_fraction_of_rows;
  std::uint64_t seed = 1;
  std::uint64_t most_bytes_read = 256 << 20; // of pixels: larger sets are read batch by batch
};

result<dataset> load_image_folder(const std::string& folder, const image_settings&);

// Of a network that is trained: those below test or val, or else all, as test samples. Where targets are not wanted the
// images may lie in the folder itself. They have the size and the channels that the network takes, or are resized.
result<dataset> load_images_as_learned(const std::string& folder, const image_settings&, const learned_data&);

} // namespace syngrad
