#include "runtime/data/zip_archive.hpp"

#include "runtime/data/byte_reader.hpp"
#include "runtime/io/text_file.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <optional>
#include <zlib.h>

namespace syngrad {

static_assert(std::endian::native == std::endian::little, "numbers are read as they lie in the archive");

namespace {

constexpr std::uint32_t local_sign = 0x04034b50, entry_sign = 0x02014b50, end_sign = 0x06054b50,
                        end64_sign = 0x06064b50, locator64_sign = 0x07064b50;
constexpr std::size_t local_bytes = 30, entry_bytes = 46, end_bytes = 22, locator64_bytes = 20;
constexpr std::size_t longest_comment = 0xffff;
constexpr std::uint32_t in_extra_field = 0xffffffff; // what a number of 32 bits is whose value is in a zip64 field
constexpr std::uint16_t zip64_field = 1, stored = 0, deflated = 8, encrypted = 1;

template <class Number>
Number number_at(std::span<const std::byte> bytes, std::size_t at) {
  Number value{};
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

bool has_at(std::span<const std::byte> bytes, std::uint64_t at, std::uint64_t count) {
  return at <= bytes.size() && bytes.size() - at >= count;
}

std::optional<std::size_t> find_end(std::span<const std::byte> bytes) {
  if (bytes.size() < end_bytes) return std::nullopt;
  const auto last = bytes.size() - end_bytes;
  for (auto at = last;; --at) {
    if (number_at<std::uint32_t>(bytes, at) == end_sign &&
        at + end_bytes + number_at<std::uint16_t>(bytes, at + 20) == bytes.size())
      return at;
    if (at == 0 || last - at == longest_comment) return std::nullopt;
  }
}

// Numbers that did not fit stand in a field of their own, in this order.
void read_zip64(std::span<const std::byte> extra, std::initializer_list<std::uint64_t*> numbers) {
  while (extra.size() >= 4) {
    const auto kind = number_at<std::uint16_t>(extra, 0);
    const auto size = std::min<std::size_t>(number_at<std::uint16_t>(extra, 2), extra.size() - 4);
    auto field = extra.subspan(4, size);
    extra = extra.subspan(4 + size);
    if (kind != zip64_field) continue;
    for (auto* const each : numbers) {
      if (*each != in_extra_field || field.size() < 8) continue;
      *each = number_at<std::uint64_t>(field, 0);
      field = field.subspan(8);
    }
  }
}

} // namespace

error zip_archive::broken(const std::string& what) const {
  return error::data(file_.path() + ": " + what + "; the archive is cut or damaged, write it again");
}

result<zip_archive> zip_archive::open(const std::string& file) {
  auto mapped = mapped_file::open(file);
  if (!mapped) return mapped.failure();
  zip_archive archive(std::move(*mapped));
  if (auto read = archive.read_directory(); !read) return read.failure();
  return archive;
}

status zip_archive::read_directory() {
  const auto bytes = file_.bytes();
  const auto end = find_end(bytes);
  if (!end) {
    if (bytes.size() >= 4 && number_at<std::uint32_t>(bytes, 0) == local_sign)
      return broken("a ZIP archive without its directory");
    return error::data(file_.path() + ": no ZIP archive, which numpy.savez writes; check the path");
  }
  std::uint64_t count = number_at<std::uint16_t>(bytes, *end + 10), at = number_at<std::uint32_t>(bytes, *end + 16);
  if (*end >= locator64_bytes && number_at<std::uint32_t>(bytes, *end - locator64_bytes) == locator64_sign) {
    const auto end64 = number_at<std::uint64_t>(bytes, *end - locator64_bytes + 8);
    if (!has_at(bytes, end64, 56) || number_at<std::uint32_t>(bytes, end64) != end64_sign)
      return broken("no end of its directory at byte " + std::to_string(end64));
    count = number_at<std::uint64_t>(bytes, end64 + 32);
    at = number_at<std::uint64_t>(bytes, end64 + 48);
  }
  for (std::uint64_t i = 0; i < count; ++i) {
    if (!has_at(bytes, at, entry_bytes) || number_at<std::uint32_t>(bytes, at) != entry_sign)
      return broken("no entry " + std::to_string(i) + " of its directory at byte " + std::to_string(at));
    const auto name_size = number_at<std::uint16_t>(bytes, at + 28),
               extra_size = number_at<std::uint16_t>(bytes, at + 30),
               comment_size = number_at<std::uint16_t>(bytes, at + 32);
    if (!has_at(bytes, at + entry_bytes, std::uint64_t{name_size} + extra_size + comment_size))
      return broken("entry " + std::to_string(i) + " of its directory goes beyond its end");
    entry made{{reinterpret_cast<const char*>(bytes.data() + at + entry_bytes), name_size},
               number_at<std::uint16_t>(bytes, at + 8),
               number_at<std::uint16_t>(bytes, at + 10),
               number_at<std::uint32_t>(bytes, at + 16),
               number_at<std::uint32_t>(bytes, at + 20),
               number_at<std::uint32_t>(bytes, at + 24),
               number_at<std::uint32_t>(bytes, at + 42)};
    read_zip64(bytes.subspan(at + entry_bytes + name_size, extra_size), {&made.size, &made.packed, &made.header});
    entries_.push_back(std::move(made));
    at += entry_bytes + name_size + extra_size + comment_size;
  }
  return ok();
}

std::vector<std::string> zip_archive::names() const {
  std::vector<std::string> all;
  for (const auto& each : entries_) all.push_back(each.name);
  return all;
}

bool zip_archive::has(const std::string& name) const {
  return std::any_of(entries_.begin(), entries_.end(), [&](const auto& each) { return each.name == name; });
}

namespace {

// Fails with what zlib says. `out` is as large as the content will be.
std::optional<std::string> inflate_all(std::span<const std::byte> packed, std::vector<std::byte>& out) {
  constexpr std::uint64_t most_at_once = std::numeric_limits<uInt>::max();
  z_stream stream{};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) return "zlib cannot start";
  auto* from = reinterpret_cast<Bytef*>(const_cast<std::byte*>(packed.data()));
  auto* to = reinterpret_cast<Bytef*>(out.data());
  std::uint64_t left_in = packed.size(), left_out = out.size();
  int code = Z_OK;
  while (code == Z_OK) {
    stream.next_in = from;
    stream.next_out = to;
    stream.avail_in = static_cast<uInt>(std::min(left_in, most_at_once));
    stream.avail_out = static_cast<uInt>(std::min(left_out, most_at_once));
    code = inflate(&stream, Z_NO_FLUSH);
    left_in -= static_cast<std::uint64_t>(stream.next_in - from);
    left_out -= static_cast<std::uint64_t>(stream.next_out - to);
    from = stream.next_in;
    to = stream.next_out;
  }
  const std::string said = stream.msg ? stream.msg : "it ends too early";
  inflateEnd(&stream);
  if (code != Z_STREAM_END) return said;
  if (left_out != 0) return "it is shorter than its directory says";
  return std::nullopt;
}

std::uint32_t checksum_of(std::span<const std::byte> bytes) {
  return static_cast<std::uint32_t>(
    crc32_z(crc32_z(0, nullptr, 0), reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

} // namespace

result<zip_archive::content> zip_archive::read(const std::string& name) const {
  const auto bytes = file_.bytes();
  const auto& wanted =
    *std::find_if(entries_.begin(), entries_.end(), [&](const auto& each) { return each.name == name; });
  const auto called = quoted_begin(name);
  if (wanted.flags & encrypted) return error::data(file_.path() + ": " + called + " is encrypted; write it without");
  if (wanted.method != stored && wanted.method != deflated)
    return error::data(file_.path() + ": " + called + " is packed by method " + std::to_string(wanted.method) +
                       ", known are stored and deflated; write it with numpy.savez or savez_compressed");
  if (!has_at(bytes, wanted.header, local_bytes) || number_at<std::uint32_t>(bytes, wanted.header) != local_sign)
    return broken(called + " does not begin at byte " + std::to_string(wanted.header));
  const auto begin = wanted.header + local_bytes + number_at<std::uint16_t>(bytes, wanted.header + 26) +
                     number_at<std::uint16_t>(bytes, wanted.header + 28);
  if (!has_at(bytes, begin, wanted.packed)) return broken(called + " goes beyond the end");
  content out{bytes.subspan(begin, wanted.packed), {}};
  if (wanted.method == deflated) {
    if (wanted.size / deflate_ratio > wanted.packed) return broken(called + " cannot have the size that it says");
    out.unpacked.resize(wanted.size);
    if (const auto failed = inflate_all(out.bytes, out.unpacked))
      return broken(called + " cannot be unpacked (" + *failed + ")");
    out.bytes = out.unpacked;
  }
  if (checksum_of(out.bytes) != wanted.checksum)
    return broken(called + " has another checksum than its directory says");
  return out;
}

} // namespace syngrad
