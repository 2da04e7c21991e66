#include "runtime/io/safetensors_header.hpp"

#include <algorithm>
#include <numeric>
#include <set>
#include <stdexcept>

namespace syngrad {

namespace {

// Leaves the parser, is caught in parse_safetensors_header and goes no further.
struct malformed : std::runtime_error {
  using runtime_error::runtime_error;
};

class header_parser {
public:
  explicit header_parser(std::string_view text) : rest_(text), size_(text.size()) {}

  safetensors_header parse() {
    safetensors_header header;
    std::set<std::string> seen;
    object([&](const std::string& name) {
      if (!seen.insert(name).second) fail("'" + name + "' is there twice");
      if (name == "__metadata__")
        object([&](const std::string& key) { header.metadata[key] = string(); });
      else
        entry(header, name);
    });
    skip_space();
    if (!rest_.empty()) fail("text after the closing brace");
    return header;
  }

private:
  [[noreturn]] void fail(const std::string& what) const {
    throw malformed(what + " (byte " + std::to_string(size_ - rest_.size()) + " of the header)");
  }

  void skip_space() {
    while (!rest_.empty() && std::string_view(" \t\r\n").find(rest_.front()) != std::string_view::npos)
      rest_.remove_prefix(1);
  }

  bool accept(char wanted) {
    skip_space();
    if (rest_.empty() || rest_.front() != wanted) return false;
    rest_.remove_prefix(1);
    return true;
  }

  void expect(char wanted) {
    if (!accept(wanted)) fail(std::string("expected '") + wanted + "'");
  }

  template <class Member>
  void object(Member&& member) {
    expect('{');
    if (accept('}')) return;
    do {
      const auto name = string();
      expect(':');
      member(name);
    } while (accept(','));
    expect('}');
  }

  std::vector<std::uint64_t> numbers() {
    std::vector<std::uint64_t> values;
    expect('[');
    if (accept(']')) return values;
    do values.push_back(number());
    while (accept(','));
    expect(']');
    return values;
  }

  std::uint64_t number() {
    skip_space();
    std::uint64_t value = 0;
    std::size_t digits = 0;
    for (; digits < rest_.size() && rest_[digits] >= '0' && rest_[digits] <= '9'; ++digits) {
      if (value > (std::uint64_t{1} << 58)) fail("a number is too large");
      value = value * 10 + static_cast<std::uint64_t>(rest_[digits] - '0');
    }
    if (digits == 0) fail("expected a whole number");
    rest_.remove_prefix(digits);
    return value;
  }

  std::string string() {
    expect('"');
    std::string value;
    while (true) {
      if (rest_.empty()) fail("a text is not closed");
      const char c = rest_.front();
      rest_.remove_prefix(1);
      if (c == '"') return value;
      if (c == '\\')
        escape(value);
      else
        value += c;
    }
  }

  void escape(std::string& value) {
    if (rest_.empty()) fail("a text is not closed");
    const char c = rest_.front();
    rest_.remove_prefix(1);
    constexpr std::string_view names = "\"\\/bfnrt", meanings = "\"\\/\b\f\n\r\t";
    if (const auto i = names.find(c); i != std::string_view::npos)
      value += meanings[i];
    else if (c == 'u')
      append_utf8(value, code_point());
    else
      fail("unknown escape");
  }

  std::uint32_t code_point() {
    const auto first = hexadecimal();
    if (first < 0xd800 || first > 0xdfff) return first;
    if (first > 0xdbff || rest_.substr(0, 2) != "\\u") fail("half a surrogate pair");
    rest_.remove_prefix(2);
    const auto second = hexadecimal();
    if (second < 0xdc00 || second > 0xdfff) fail("half a surrogate pair");
    return 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
  }

  std::uint32_t hexadecimal() {
    std::uint32_t value = 0;
    if (rest_.size() < 4) fail("a text is not closed");
    for (const char c : rest_.substr(0, 4)) {
      const bool digit = c >= '0' && c <= '9', lower = c >= 'a' && c <= 'f', upper = c >= 'A' && c <= 'F';
      if (!digit && !lower && !upper) fail("\\u wants four hexadecimal digits");
      value = value * 16 + static_cast<std::uint32_t>(digit ? c - '0' : lower ? c - 'a' + 10 : c - 'A' + 10);
    }
    rest_.remove_prefix(4);
    return value;
  }

  static void append_utf8(std::string& out, std::uint32_t code) {
    const auto tail = [&](int shift) { out += static_cast<char>(0x80 | ((code >> shift) & 0x3f)); };
    if (code < 0x80) {
      out += static_cast<char>(code);
    } else if (code < 0x800) {
      out += static_cast<char>(0xc0 | (code >> 6));
      tail(0);
    } else if (code < 0x10000) {
      out += static_cast<char>(0xe0 | (code >> 12));
      tail(6);
      tail(0);
    } else {
      out += static_cast<char>(0xf0 | (code >> 18));
      tail(12);
      tail(6);
      tail(0);
    }
  }

  void entry(safetensors_header& header, const std::string& name) {
    std::string type;
    std::vector<std::uint64_t> extents, offsets;
    int members = 0;
    object([&](const std::string& key) {
      ++members;
      if (key == "dtype")
        type = string();
      else if (key == "shape")
        extents = numbers();
      else if (key == "data_offsets")
        offsets = numbers();
      else
        fail("'" + name + "' has an unknown member '" + key + "'");
    });
    if (members != 3 || offsets.size() != 2) fail("'" + name + "' needs dtype, shape and two data_offsets");
    header.tensors.push_back(tensor_of(name, type, extents));
    header.places.push_back({offsets[0], offsets[1]});
  }

  safetensors_tensor tensor_of(const std::string& name, const std::string& type,
                               const std::vector<std::uint64_t>& extents) {
    safetensors_tensor made;
    made.name = name;
    if (type == "F32")
      made.type = dtype::f32;
    else if (type == "I32")
      made.type = dtype::i32;
    else if (type == "U8")
      made.type = dtype::u8;
    else
      fail("'" + name + "' is of type " + type + "; F32, I32 and U8 are understood");
    if (extents.size() > shape::max_rank) fail("'" + name + "' has more than four axes");
    made.extents = checked_shape(name, extents);
    return made;
  }

  shape checked_shape(const std::string& name, const std::vector<std::uint64_t>& extents) {
    constexpr std::uint64_t most = std::uint64_t{1} << 56; // elements: the bytes still fit in 64 bits
    std::uint64_t elements = 1;
    for (const auto extent : extents) {
      if (extent != 0 && elements > most / extent) fail("'" + name + "' has an impossible shape");
      elements *= extent;
    }
    const auto at = [&](std::size_t axis) { return static_cast<std::int64_t>(extents[axis]); };
    switch (extents.size()) {
    case 0:
      return {};
    case 1:
      return {at(0)};
    case 2:
      return {at(0), at(1)};
    case 3:
      return {at(0), at(1), at(2)};
    default:
      return {at(0), at(1), at(2), at(3)};
    }
  }

  std::string_view rest_;
  std::size_t size_;
};

void sort_by_place(safetensors_header& header) {
  std::vector<std::size_t> order(header.tensors.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) {
    const auto &first = header.places[a], &second = header.places[b];
    return first.begin != second.begin ? first.begin < second.begin : first.end < second.end;
  });
  safetensors_header sorted{std::move(header.metadata), {}, {}};
  for (const auto i : order) {
    sorted.tensors.push_back(std::move(header.tensors[i]));
    sorted.places.push_back(header.places[i]);
  }
  header = std::move(sorted);
}

void check_places(const safetensors_header& header, std::uint64_t data_bytes) {
  std::uint64_t next = 0;
  for (std::size_t i = 0; i < header.tensors.size(); ++i) {
    const auto& tensor = header.tensors[i];
    const auto& place = header.places[i];
    const auto wanted = static_cast<std::uint64_t>(tensor.extents.elements()) * size_of(tensor.type);
    if (place.begin != next || place.end < place.begin)
      throw malformed("'" + tensor.name + "' begins at byte " + std::to_string(place.begin) + " of the data, not at " +
                      std::to_string(next));
    if (place.end - place.begin != wanted)
      throw malformed("'" + tensor.name + "' has " + std::to_string(place.end - place.begin) + " bytes; its shape " +
                      tensor.extents.to_string() + " takes " + std::to_string(wanted));
    next = place.end;
  }
  if (next != data_bytes)
    throw malformed("its tensors take " + std::to_string(next) + " bytes, but " + std::to_string(data_bytes) +
                    " follow the header; the file is cut off or was added to");
}

} // namespace

result<safetensors_header> parse_safetensors_header(std::string_view text, std::uint64_t data_bytes) {
  try {
    auto header = header_parser(text).parse();
    sort_by_place(header);
    check_places(header, data_bytes);
    return header;
  } catch (const malformed& reason) {
    return error{reason.what()};
  }
}

} // namespace syngrad
