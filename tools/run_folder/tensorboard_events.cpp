#include "tools/run_folder/tensorboard_events.hpp"

#include <boost/crc.hpp>

#include <bit>
#include <cmath>
#include <cstring>

namespace syngrad::tools {

namespace {

static_assert(std::endian::native == std::endian::little, "fixed-size fields are written as they lie");

template <class Number>
std::string bytes_of(Number number) {
  std::string bytes(sizeof number, '\0');
  std::memcpy(bytes.data(), &number, sizeof number);
  return bytes;
}

std::uint32_t masked_crc32c(const std::string& bytes) {
  boost::crc_optimal<32, 0x1edc6f41, 0xffffffff, 0xffffffff, true, true> sum;
  sum.process_bytes(bytes.data(), bytes.size());
  return std::rotr(static_cast<std::uint32_t>(sum.checksum()), 15) + 0xa282ead8u;
}

enum wire_type : unsigned { varint = 0, fixed64 = 1, delimited = 2, fixed32 = 5 };

std::string encode_varint(std::uint64_t value) {
  std::string out;
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(0x80 | (value & 0x7f));
  return out + static_cast<char>(value);
}

std::string key(unsigned field, wire_type type) {
  return encode_varint(field << 3 | type);
}

std::string message(unsigned field, const std::string& content) {
  return key(field, delimited) + encode_varint(content.size()) + content;
}

} // namespace

std::string encode_record(const std::string& event) {
  const auto length = bytes_of(static_cast<std::uint64_t>(event.size()));
  return length + bytes_of(masked_crc32c(length)) + event + bytes_of(masked_crc32c(event));
}

std::string encode_version_event(double wall_time) {
  return key(1, fixed64) + bytes_of(wall_time) + message(3, "brain.Event:2");
}

std::string encode_scalar_event(double wall_time, std::int64_t step, std::span<const scalar> scalars) {
  std::string summary;
  for (const auto& one : scalars)
    if (std::isfinite(one.value))
      summary += message(1, message(1, one.tag) + key(2, fixed32) + bytes_of(static_cast<float>(one.value)));
  return key(1, fixed64) + bytes_of(wall_time) + key(2, varint) + encode_varint(static_cast<std::uint64_t>(step)) +
         message(5, summary);
}

result<tensorboard_events> tensorboard_events::create(const std::string& path, double wall_time) {
  auto file = growing_file::create(path);
  if (!file) return file.failure();
  if (auto done = file->append(encode_record(encode_version_event(wall_time))); !done) return done.failure();
  return tensorboard_events(std::move(*file));
}

result<tensorboard_events> tensorboard_events::continued_at(const std::string& path) {
  auto file = file_.continued_at(path);
  if (!file) return file.failure();
  return tensorboard_events(std::move(*file));
}

status tensorboard_events::append(double wall_time, std::int64_t step, std::span<const scalar> scalars) {
  return file_.append(encode_record(encode_scalar_event(wall_time, step, scalars)));
}

} // namespace syngrad::tools
