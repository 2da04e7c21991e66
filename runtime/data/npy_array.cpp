#include "runtime/data/npy_array.hpp"

#include "runtime/io/text_file.hpp"
#include "runtime/text.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cstring>
#include <limits>
#include <optional>
#include <string_view>

namespace syngrad {

static_assert(std::endian::native == std::endian::little, "numbers are read as they lie in the file");

namespace {

struct element_type {
  npy_array::kind kind;
  std::string_view descr; // without the order of its bytes
  std::string_view name;
  std::size_t bytes;
};

constexpr std::array element_types{
  element_type{npy_array::kind::f32, "f4", "float32", 4}, element_type{npy_array::kind::f64, "f8", "float64", 8},
  element_type{npy_array::kind::u8, "u1", "uint8", 1},    element_type{npy_array::kind::u8, "b1", "bool", 1},
  element_type{npy_array::kind::i32, "i4", "int32", 4},   element_type{npy_array::kind::i64, "i8", "int64", 8},
};

const element_type& about(npy_array::kind kind) {
  return *std::find_if(element_types.begin(), element_types.end(), [&](const auto& each) { return each.kind == kind; });
}

// What stands behind 'key': up to `end`, which is left out.
std::optional<std::string_view> value_of(std::string_view header, std::string_view key, char end) {
  const auto quoted_key = quoted(key);
  const auto at = header.find(quoted_key);
  if (at == header.npos) return std::nullopt;
  header = trimmed(header.substr(at + quoted_key.size()));
  if (!header.starts_with(':')) return std::nullopt;
  header.remove_prefix(1);
  const auto stop = header.find(end);
  if (stop == header.npos) return std::nullopt;
  return trimmed(header.substr(0, stop));
}

// "(60000, 28, 28" or "(7,"
std::optional<std::vector<std::int64_t>> parse_shape(std::string_view text) {
  if (!text.starts_with('(')) return std::nullopt;
  text = trimmed(text.substr(1));
  if (text.ends_with(',')) text.remove_suffix(1);
  std::vector<std::int64_t> extents;
  if (text.empty()) return extents;
  for (const auto part : split_text(text, ',')) {
    const auto extent = parse_number<std::int64_t>(trimmed(part));
    if (!extent || *extent < 0) return std::nullopt;
    extents.push_back(*extent);
  }
  return extents;
}

template <class Number>
Number element(const npy_array& array, std::int64_t index) {
  Number value{};
  std::memcpy(&value, array.data.data() + static_cast<std::size_t>(index) * sizeof value, sizeof value);
  return value;
}

// The product, where it is a size that memory may have.
std::optional<std::uint64_t> bytes_of(const std::vector<std::int64_t>& extents, std::size_t element_bytes) {
  std::uint64_t bytes = element_bytes;
  for (const auto extent : extents) {
    if (extent != 0 && bytes > std::numeric_limits<std::uint64_t>::max() / 2 / static_cast<std::uint64_t>(extent))
      return std::nullopt;
    bytes *= static_cast<std::uint64_t>(extent);
  }
  return bytes;
}

} // namespace

std::int64_t npy_array::elements() const {
  std::int64_t count = 1;
  for (const auto extent : extents) count *= extent;
  return count;
}

std::string npy_array::to_string() const {
  return std::string(about(type).name) + " (" + join_text(extents) + (extents.size() == 1 ? ",)" : ")");
}

result<npy_array> read_npy(std::span<const std::byte> bytes, const std::string& where) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const auto broken = [&](const std::string& what) {
    return error::data(where + ": " + what + "; write it again with numpy.save or savez");
  };
  constexpr std::string_view magic = "\x93NUMPY";
  if (!text.starts_with(magic)) return broken("no array of numpy");
  if (text.size() < 12) return broken("ends within its header");
  const auto major = static_cast<unsigned char>(text[6]);
  std::size_t begin = 10, header_bytes = 0;
  if (major == 1) {
    std::uint16_t length = 0;
    std::memcpy(&length, text.data() + 8, sizeof length);
    header_bytes = length;
  } else if (major == 2 || major == 3) {
    std::uint32_t length = 0;
    std::memcpy(&length, text.data() + 8, sizeof length);
    header_bytes = length;
    begin = 12;
  } else {
    return broken("version " + std::to_string(major) + " of the format, 1 to 3 are known");
  }
  if (text.size() - begin < header_bytes) return broken("ends within its header");
  const auto header = text.substr(begin, header_bytes);
  const auto descr = value_of(header, "descr", ','), order = value_of(header, "fortran_order", ','),
             shape_text = value_of(header, "shape", ')');
  const auto extents = shape_text ? parse_shape(*shape_text) : std::nullopt;
  if (!descr || !order || !extents || descr->size() < 4)
    return broken("its header cannot be read: " + quoted_begin(header, 80));
  const auto wanted = descr->substr(2, descr->size() - 3); // without quotes and the order of bytes
  const auto type =
    std::find_if(element_types.begin(), element_types.end(), [&](const auto& each) { return each.descr == wanted; });
  if (type == element_types.end() || (*descr)[1] == '>')
    return error::data(where + ": elements of type " + std::string(*descr) +
                       ", known are float32, float64, uint8, bool, int32 and int64; convert it with astype()");
  if (*order != "False")
    return error::data(where + ": stored column by column; convert it with numpy.ascontiguousarray()");
  npy_array out;
  out.type = type->kind;
  out.extents = *extents;
  out.data = bytes.subspan(begin + header_bytes);
  const auto promised = bytes_of(*extents, type->bytes);
  if (!promised || *promised != out.data.size())
    return broken("its header promises " + out.to_string() + ", it has " + std::to_string(out.data.size()) +
                  " bytes of data");
  return out;
}

double real_at(const npy_array& array, std::int64_t index) {
  switch (array.type) {
  case npy_array::kind::f32:
    return static_cast<double>(element<float>(array, index));
  case npy_array::kind::f64:
    return element<double>(array, index);
  default:
    return static_cast<double>(whole_at(array, index));
  }
}

std::int64_t whole_at(const npy_array& array, std::int64_t index) {
  switch (array.type) {
  case npy_array::kind::u8:
    return element<std::uint8_t>(array, index);
  case npy_array::kind::i32:
    return element<std::int32_t>(array, index);
  default:
    return element<std::int64_t>(array, index);
  }
}

std::string npy_header(npy_array::kind type, const std::vector<std::int64_t>& extents) {
  constexpr std::size_t prefix = 10, alignment = 64; // as numpy writes version 1.0
  assert(type == npy_array::kind::f32 || type == npy_array::kind::i64);
  std::string header = std::string("{'descr': '") + (type == npy_array::kind::f32 ? "<f4" : "<i8") +
                       "', 'fortran_order': False, 'shape': (";
  for (const auto extent : extents) header += std::to_string(extent) + ",";
  header += "), }";
  header.append(alignment - 1 - (prefix + header.size()) % alignment, ' ');
  header += '\n';
  std::string out("\x93NUMPY\x01\x00", 8);
  out += static_cast<char>(header.size() & 0xff);
  out += static_cast<char>(header.size() >> 8);
  return out + header;
}

} // namespace syngrad
