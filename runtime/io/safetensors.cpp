#include "runtime/io/safetensors.hpp"

#include "runtime/io/json_writer.hpp"
#include "runtime/io/safetensors_header.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cstring>

namespace syngrad {

namespace {

static_assert(std::endian::native == std::endian::little, "the format is little-endian, and written as it lies");

constexpr std::uint64_t length_bytes = 8;
constexpr std::uint64_t max_header_bytes = 64 << 20;

const char* name_of(dtype type) {
  switch (type) {
  case dtype::f32:
    return "F32";
  case dtype::i32:
    return "I32";
  case dtype::u8:
    break;
  }
  return "U8";
}

std::size_t bytes_of(const safetensors_entry& entry) {
  return static_cast<std::size_t>(entry.extents.elements()) * size_of(entry.type);
}

std::vector<safetensors_entry> sorted_by_name(std::span<const safetensors_entry> entries) {
  std::vector<safetensors_entry> sorted(entries.begin(), entries.end());
  const auto earlier = [](const auto& a, const auto& b) { return a.name < b.name; };
  std::sort(sorted.begin(), sorted.end(), earlier);
  assert(std::adjacent_find(sorted.begin(), sorted.end(),
                            [](const auto& a, const auto& b) { return a.name == b.name; }) == sorted.end());
  return sorted;
}

void describe(json_writer& json, const safetensors_entry& entry, std::size_t& offset) {
  json.key(entry.name).begin_object().key("dtype").text(name_of(entry.type)).key("shape").begin_array();
  for (int axis = 0; axis < entry.extents.rank(); ++axis) json.number(entry.extents[axis]);
  json.end_array().key("data_offsets").begin_array().number(static_cast<std::int64_t>(offset));
  offset += bytes_of(entry);
  json.number(static_cast<std::int64_t>(offset)).end_array().end_object();
}

std::string make_header(std::span<const safetensors_entry> sorted, const std::map<std::string, std::string>& metadata) {
  json_writer json(0);
  json.begin_object();
  if (!metadata.empty()) {
    json.key("__metadata__").begin_object();
    for (const auto& [name, value] : metadata) json.key(name).text(value);
    json.end_object();
  }
  std::size_t offset = 0;
  for (const auto& entry : sorted) describe(json, entry, offset);
  auto header = json.end_object().str();
  header.resize((header.size() + 7) / 8 * 8, ' '); // so that the data is aligned
  return header;
}

} // namespace

safetensors_entry safetensors_entry_of(std::string name, const tensor& host_tensor) {
  const void* data = host_tensor.type() == dtype::f32   ? static_cast<const void*>(host_tensor.f32())
                     : host_tensor.type() == dtype::i32 ? static_cast<const void*>(host_tensor.i32())
                                                        : static_cast<const void*>(host_tensor.u8());
  return {std::move(name), host_tensor.type(), host_tensor.extents(), data};
}

std::size_t safetensors_size(std::span<const safetensors_entry> entries,
                             const std::map<std::string, std::string>& metadata) {
  std::size_t bytes = length_bytes + make_header(sorted_by_name(entries), metadata).size();
  for (const auto& entry : entries) bytes += bytes_of(entry);
  return bytes;
}

status write_safetensors(atomic_file& target, std::span<const safetensors_entry> entries,
                         const std::map<std::string, std::string>& metadata) {
  const auto sorted = sorted_by_name(entries);
  const auto header = make_header(sorted, metadata);
  const std::uint64_t length = header.size();
  if (auto done = target.write(&length, sizeof length); !done) return done;
  if (auto done = target.write(header); !done) return done;
  for (const auto& entry : sorted)
    if (auto done = target.write(entry.data, bytes_of(entry)); !done) return done;
  return target.commit();
}

result<safetensors_file> read_safetensors(const std::string& path) {
  const auto broken = [&](const std::string& what) { return error{"'" + path + "' is no safetensors file: " + what}; };
  auto file = file_descriptor::open_for_reading(path);
  if (!file) return file.failure();
  const auto size = file->size();
  if (!size) return size.failure();
  if (*size < length_bytes) return broken("it has " + std::to_string(*size) + " bytes; the header's length takes 8");

  std::uint64_t length = 0;
  if (auto done = file->read(&length, sizeof length); !done) return done.failure();
  if (length > *size - length_bytes || length > max_header_bytes)
    return broken("its header claims " + std::to_string(length) + " bytes; the file has " + std::to_string(*size));
  std::string text(length, '\0');
  if (auto done = file->read(text.data(), text.size()); !done) return done.failure();

  auto header = parse_safetensors_header(text, *size - length_bytes - length);
  if (!header) return broken(header.message());
  for (std::size_t i = 0; i < header->tensors.size(); ++i) {
    auto& bytes = header->tensors[i].bytes;
    bytes.resize(header->places[i].end - header->places[i].begin); // within the file's size: the parser saw to it
    if (auto done = file->read(bytes.data(), bytes.size()); !done) return done.failure();
  }
  return safetensors_file{std::move(header->metadata), std::move(header->tensors)};
}

} // namespace syngrad
