// The JSON header of a safetensors file, read strictly: the grammar of safetensors.hpp and nothing more. The offsets
// must tile the data without gaps, in any order of names.
#pragma once

#include "runtime/io/safetensors.hpp"

#include <cstdint>
#include <string_view>

namespace syngrad {

struct safetensors_header {
  struct place {
    std::uint64_t begin, end; // bytes within the data
  };

  std::map<std::string, std::string> metadata;
  std::vector<safetensors_tensor> tensors; // without contents, sorted by place
  std::vector<place> places;               // of tensors[i]
};

// `data_bytes`: what follows the header in the file. The message has no file name yet.
result<safetensors_header> parse_safetensors_header(std::string_view text, std::uint64_t data_bytes);

} // namespace syngrad
