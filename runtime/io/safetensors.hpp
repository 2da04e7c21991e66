// Weights on disk in the safetensors format, which Python's `safetensors` and most frameworks read.
//
//   file   = length header data
//   length = u64, little-endian: bytes of `header`, a multiple of 8
//   header = JSON object, padded with spaces: name -> {"dtype": "F32" | "I32" | "U8" | "BF16", "shape": [extent, ...],
//            "data_offsets": [begin, end]}, and "__metadata__" -> {text: text}
//   data   = the tensors without gaps, row-major, little-endian; offsets count from the start of `data`
//
// Read are numbers of type I64 too, as PyTorch counts by: they become I32, and must fit.
//
// Tensors are sorted by name. Host memory only: tensors of other devices are copied to the host first.
#pragma once

#include "runtime/io/output_file.hpp"
#include "runtime/tensor.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace syngrad {

// What is to be written: contents must be ready, and stay until the write is done.
struct safetensors_entry {
  std::string name;
  dtype type;
  shape extents;
  const void* data;
};

// What was read.
struct safetensors_tensor {
  std::string name;
  dtype type = dtype::f32;
  shape extents;
  std::vector<char> bytes;
};

struct safetensors_file {
  std::map<std::string, std::string> metadata;
  std::vector<safetensors_tensor> tensors; // in the order of the file
};

// As the header names it: "F32".
const char* safetensors_name(dtype);

// The tensor must be in host memory, and outlive the entry. Two entries of one file never share a name (asserted).
safetensors_entry safetensors_entry_of(std::string name, const tensor& host_tensor);

// Bytes that the file takes; entries need no data for this.
std::size_t safetensors_size(std::span<const safetensors_entry> entries,
                             const std::map<std::string, std::string>& metadata);

// Writes and commits. The caller makes the file, so that its space can be reserved long before. `written` is called
// with each piece of the file, from its begin to its end.
status write_safetensors(atomic_file& target, std::span<const safetensors_entry> entries,
                         const std::map<std::string, std::string>& metadata,
                         const std::function<void(const void* data, std::size_t bytes)>& written = {});

// Trusts no length in the file: a broken one gives an error that says what is wrong, and never much memory.
result<safetensors_file> read_safetensors(const std::string& path);

// ---- the JSON header, read strictly: the grammar above and nothing more. The offsets must tile the data without gaps,
// in any order of names.

struct safetensors_header {
  struct byte_range {
    std::uint64_t begin, end; // bytes within the data
    bool wide = false;        // numbers of 64 bits, which become I32
  };

  std::map<std::string, std::string> metadata;
  std::vector<safetensors_tensor> tensors; // without contents, sorted by position
  std::vector<byte_range> ranges;          // of tensors[i]
};

// `data_bytes`: what follows the header in the file. The message has no file name yet.
result<safetensors_header> parse_safetensors_header(std::string_view text, std::uint64_t data_bytes);

} // namespace syngrad
