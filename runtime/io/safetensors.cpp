#include "runtime/io/safetensors.hpp"

#include "runtime/io/json_writer.hpp"
#include "runtime/text.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cstring>
#include <fmt/core.h>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>
#include <stdexcept>

namespace syngrad {

// ---- the header

namespace {

using parsed_json = nlohmann::json;

// Leaves the reading, is caught in parse_safetensors_header and goes no further.
struct malformed : std::runtime_error {
  using runtime_error::runtime_error;
};

// Refuses what JSON allows and a header does not, before memory is spent on it: a name that stands twice in one object,
// and values below those of a tensor's members.
class header_limits {
public:
  void check(int depth, parsed_json::parse_event_t event, const parsed_json& parsed) {
    const auto level = static_cast<std::size_t>(depth);
    if (event == parsed_json::parse_event_t::object_start || event == parsed_json::parse_event_t::array_start) {
      if (level + 1 >= names_.size()) throw malformed("values are nested too deeply");
      names_[level + 1].clear();
    } else if (event == parsed_json::parse_event_t::key) {
      const auto& name = parsed.get_ref<const std::string&>();
      if (!names_[level].insert(name).second) throw malformed(syngrad::quoted(name) + " is there twice");
    }
  }

private:
  std::array<std::set<std::string>, 4> names_; // met so far, of the object that is open at each depth
};

const std::string& text_in(const parsed_json& value, const std::string& what) {
  if (!value.is_string()) throw malformed(what + " is no text");
  return value.get_ref<const std::string&>();
}

std::vector<std::uint64_t> numbers_in(const parsed_json& value, const std::string& what) {
  constexpr std::uint64_t most = std::uint64_t{1} << 58;
  if (!value.is_array()) throw malformed(what + " is no list");
  std::vector<std::uint64_t> numbers;
  for (const auto& each : value) {
    if (!each.is_number_unsigned()) throw malformed("each number of " + what + " must be a whole number of 64 bits");
    numbers.push_back(each.get<std::uint64_t>());
    if (numbers.back() > most) throw malformed("a number of " + what + " is too large");
  }
  return numbers;
}

dtype type_in(const parsed_json& value, const std::string& what) {
  const auto& name = text_in(value, "dtype of " + what);
  if (name == "F32") return dtype::f32;
  if (name == "I32" || name == "I64") return dtype::i32;
  if (name == "U8") return dtype::u8;
  if (name == "BF16") return dtype::bf16;
  throw malformed(what + " is of type " + name + "; F32, I32, I64, U8 and BF16 are understood");
}

shape shape_of(const std::string& what, const std::vector<std::uint64_t>& extents) {
  if (extents.size() > shape::max_rank)
    throw malformed(what + " has more than " + std::to_string(shape::max_rank) + " axes");
  constexpr std::uint64_t most = std::uint64_t{1} << 56; // elements: the bytes still fit in 64 bits
  std::uint64_t elements = 1;
  for (const auto extent : extents) {
    if (extent != 0 && elements > most / extent) throw malformed(what + " has an impossible shape");
    elements *= extent;
  }
  const std::vector<std::int64_t> axes(extents.begin(), extents.end());
  return shape(axes);
}

void take_tensor(safetensors_header& header, const std::string& name, const parsed_json& members) {
  const auto what = syngrad::quoted(name);
  if (!members.is_object()) throw malformed(what + " is no object");
  for (const auto& [key, value] : members.items())
    if (key != "dtype" && key != "shape" && key != "data_offsets")
      throw malformed(what + " has an unknown member " + syngrad::quoted(key));
  if (members.size() != 3) throw malformed(what + " needs dtype, shape and two data_offsets");
  const auto offsets = numbers_in(members["data_offsets"], "data_offsets of " + what);
  if (offsets.size() != 2) throw malformed(what + " needs dtype, shape and two data_offsets");
  safetensors_tensor made;
  made.name = name;
  made.type = type_in(members["dtype"], what);
  made.extents = shape_of(what, numbers_in(members["shape"], "shape of " + what));
  header.tensors.push_back(std::move(made));
  header.ranges.push_back({offsets[0], offsets[1], text_in(members["dtype"], what) == "I64"});
}

safetensors_header header_in(std::string_view text) {
  header_limits limits;
  const auto all =
    parsed_json::parse(text, [&limits](int depth, parsed_json::parse_event_t event, const parsed_json& parsed) {
      limits.check(depth, event, parsed);
      return true;
    });
  if (!all.is_object()) throw malformed("the header is no JSON object");
  safetensors_header header;
  for (const auto& [name, value] : all.items()) {
    if (name != "__metadata__") {
      take_tensor(header, name, value);
      continue;
    }
    if (!value.is_object()) throw malformed("__metadata__ is no object");
    for (const auto& [key, about] : value.items())
      header.metadata[key] = text_in(about, "__metadata__ " + syngrad::quoted(key));
  }
  return header;
}

void sort_by_place(safetensors_header& header) {
  std::vector<std::size_t> order(header.tensors.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) {
    const auto &first = header.ranges[a], &second = header.ranges[b];
    return first.begin != second.begin ? first.begin < second.begin : first.end < second.end;
  });
  safetensors_header sorted{std::move(header.metadata), {}, {}};
  for (const auto i : order) {
    sorted.tensors.push_back(std::move(header.tensors[i]));
    sorted.ranges.push_back(header.ranges[i]);
  }
  header = std::move(sorted);
}

void check_places(const safetensors_header& header, std::uint64_t data_bytes) {
  std::uint64_t next = 0;
  for (std::size_t i = 0; i < header.tensors.size(); ++i) {
    const auto& tensor = header.tensors[i];
    const auto& range = header.ranges[i];
    const auto wanted = static_cast<std::uint64_t>(tensor.extents.elements()) * (range.wide ? 8 : size_of(tensor.type));
    if (range.begin != next || range.end < range.begin)
      throw malformed("'" + tensor.name + "' begins at byte " + std::to_string(range.begin) + " of the data, not at " +
                      std::to_string(next));
    if (range.end - range.begin != wanted)
      throw malformed("'" + tensor.name + "' has " + std::to_string(range.end - range.begin) + " bytes; its shape " +
                      tensor.extents.to_string() + " takes " + std::to_string(wanted));
    next = range.end;
  }
  if (next != data_bytes)
    throw malformed("its tensors take " + std::to_string(next) + " bytes, but " + std::to_string(data_bytes) +
                    " follow the header; the file is cut off or was added to");
}

} // namespace

result<safetensors_header> parse_safetensors_header(std::string_view text, std::uint64_t data_bytes) {
  try {
    auto header = header_in(text);
    sort_by_place(header);
    check_places(header, data_bytes);
    return header;
  } catch (const malformed& reason) {
    return error::data(reason.what());
  } catch (const parsed_json::parse_error& reason) {
    return error::data(fmt::format("the header is no JSON from its byte {} on", reason.byte));
  } catch (const parsed_json::exception&) { // of a number that no double can hold
    return error::data("the header holds a number that is too large");
  }
}

// ---- the file

namespace {

static_assert(std::endian::native == std::endian::little, "the format is little-endian, and written as it lies");

constexpr std::uint64_t length_bytes = 8;
constexpr std::uint64_t max_header_bytes = 64 << 20;

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
  json.key(entry.name).begin_object().key("dtype").text(safetensors_name(entry.type)).key("shape").begin_array();
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

const char* safetensors_name(dtype type) {
  switch (type) {
  case dtype::f32:
    return "F32";
  case dtype::i32:
    return "I32";
  case dtype::bf16:
    return "BF16";
  case dtype::u8:
    break;
  }
  return "U8";
}

safetensors_entry safetensors_entry_of(std::string name, const tensor& host_tensor) {
  return {std::move(name), host_tensor.type(), host_tensor.extents(), host_tensor.data()};
}

std::size_t safetensors_size(std::span<const safetensors_entry> entries,
                             const std::map<std::string, std::string>& metadata) {
  std::size_t bytes = length_bytes + make_header(sorted_by_name(entries), metadata).size();
  for (const auto& entry : entries) bytes += bytes_of(entry);
  return bytes;
}

status write_safetensors(atomic_file& target, std::span<const safetensors_entry> entries,
                         const std::map<std::string, std::string>& metadata,
                         const std::function<void(const void* data, std::size_t bytes)>& written) {
  const auto write = [&](const void* data, std::size_t bytes) {
    if (written) written(data, bytes);
    return target.write(data, bytes);
  };
  const auto sorted = sorted_by_name(entries);
  const auto header = make_header(sorted, metadata);
  const std::uint64_t length = header.size();
  if (auto done = write(&length, sizeof length); !done) return done;
  if (auto done = write(header.data(), header.size()); !done) return done;
  for (const auto& entry : sorted)
    if (auto done = write(entry.data, bytes_of(entry)); !done) return done;
  return target.commit();
}

namespace {

// In place.
status narrow(const std::string& name, std::vector<char>& bytes) {
  const auto count = bytes.size() / sizeof(std::int64_t);
  for (std::size_t i = 0; i < count; ++i) {
    std::int64_t wide;
    std::memcpy(&wide, bytes.data() + i * sizeof wide, sizeof wide);
    const auto number = static_cast<std::int32_t>(wide);
    if (number != wide) return error::data("'" + name + "' has a number that 32 bits do not hold");
    std::memcpy(bytes.data() + i * sizeof number, &number, sizeof number);
  }
  bytes.resize(count * sizeof(std::int32_t));
  return ok();
}

} // namespace

result<safetensors_file> read_safetensors(const std::string& path) {
  const auto broken = [&](const std::string& what) {
    return error::data("'" + path + "' is no safetensors file: " + what);
  };
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
    bytes.resize(header->ranges[i].end - header->ranges[i].begin); // within the file's size: the parser saw to it
    if (auto done = file->read(bytes.data(), bytes.size()); !done) return done.failure();
    if (!header->ranges[i].wide) continue;
    if (auto done = narrow(header->tensors[i].name, bytes); !done) return broken(done.message());
  }
  return safetensors_file{std::move(header->metadata), std::move(header->tensors)};
}

} // namespace syngrad
