#include "actors/nodes/byte_channel.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <sys/socket.h>
#include <sys/uio.h>

namespace syngrad {

namespace {

constexpr std::size_t length_size = 4, sum_size = 8, check_size = 4;
static_assert(length_size + sum_size + check_size == record_header_size);

template <class Number>
void put(char* at, std::size_t size, Number value) {
  for (std::size_t i = 0; i < size; ++i) at[i] = static_cast<char>(value >> 8 * i);
}

std::uint64_t get(const char* at, std::size_t size) {
  std::uint64_t out = 0;
  for (std::size_t i = 0; i < size; ++i) out |= std::uint64_t{static_cast<unsigned char>(at[i])} << 8 * i;
  return out;
}

std::uint32_t check_of(std::uint64_t number, const char* header) {
  constexpr std::uint64_t other_than_the_sums = 0x73796e67726164; // a header's check is no payload's sum
  return static_cast<std::uint32_t>(XXH3_64bits_withSeed(header, length_size + sum_size, number ^ other_than_the_sums));
}

// Strangers say little, and so begin with little memory.
constexpr std::size_t least_input = 4 << 10;
constexpr std::size_t most_input = 2 * (record_header_size + longest_record);

bool is_just_not_ready(int error) {
  return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

} // namespace

record_header header_of_record(std::uint64_t number, const char* payload, std::size_t size) {
  record_header out{};
  put(out.data(), length_size, static_cast<std::uint32_t>(size));
  put(out.data() + length_size, sum_size, XXH3_64bits_withSeed(payload, size, number));
  put(out.data() + length_size + sum_size, check_size, check_of(number, out.data()));
  return out;
}

std::optional<announced_record> read_record_header(std::uint64_t number, const char* header) {
  if (get(header + length_size + sum_size, check_size) != check_of(number, header)) return std::nullopt;
  const announced_record out{get(header, length_size), get(header + length_size, sum_size)};
  if (out.size == 0 || out.size > longest_record) return std::nullopt;
  return out;
}

bool is_payload_of(const announced_record& announced, std::uint64_t number, const char* payload) {
  return XXH3_64bits_withSeed(payload, announced.size, number) == announced.sum;
}

byte_channel::outcome record_channel::read(char* data, std::size_t size) {
  while (ready_ == 0) {
    if (!open_next()) return {outcome::kind::over};
    if (ready_ > 0) break;
    if (const auto came = receive(); came.what != outcome::kind::moved) return came;
  }
  const auto bytes = std::min(size, ready_);
  std::memcpy(data, in_.data() + begin_, bytes);
  begin_ += bytes;
  ready_ -= bytes;
  return {outcome::kind::moved, bytes};
}

bool record_channel::open_next() {
  if (end_ - begin_ < record_header_size) return true;
  const auto announced = read_record_header(read_, in_.data() + begin_);
  if (!announced) return false;
  const auto whole = record_header_size + announced->size;
  if (in_.size() - begin_ < whole) { // the rest of it needs room
    std::memmove(in_.data(), in_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
    if (in_.size() < whole) in_.resize(std::min(most_input, 2 * whole));
  }
  if (end_ - begin_ < whole) return true;
  if (!is_payload_of(*announced, read_, in_.data() + begin_ + record_header_size)) return false;
  ++read_;
  begin_ += record_header_size;
  ready_ = announced->size;
  return true;
}

byte_channel::outcome record_channel::receive() {
  if (in_.empty()) in_.resize(least_input);
  if (begin_ == end_) begin_ = end_ = 0;
  if (end_ == in_.size()) {
    std::memmove(in_.data(), in_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  const auto got = ::recv(socket_, in_.data() + end_, in_.size() - end_, 0);
  if (got < 0 && is_just_not_ready(errno)) return {outcome::kind::wants_read};
  if (got <= 0) return {outcome::kind::over};
  end_ += static_cast<std::size_t>(got);
  return {outcome::kind::moved, static_cast<std::size_t>(got)};
}

byte_channel::outcome record_channel::write(const char* data, std::size_t size) {
  if (payload_left_ == 0) {
    payload_left_ = std::min(size, longest_record);
    header_ = header_of_record(written_++, data, payload_left_);
    header_left_ = record_header_size;
  }
  std::array<iovec, 2> parts{
    {{header_.data() + (record_header_size - header_left_), header_left_}, {const_cast<char*>(data), payload_left_}}};
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = parts.size();
  const auto sent = ::sendmsg(socket_, &message, MSG_NOSIGNAL);
  if (sent < 0) return {is_just_not_ready(errno) ? outcome::kind::wants_write : outcome::kind::over};
  const auto of_header = std::min(header_left_, static_cast<std::size_t>(sent));
  const auto of_payload = static_cast<std::size_t>(sent) - of_header;
  header_left_ -= of_header;
  payload_left_ -= of_payload;
  if (of_payload == 0) return {outcome::kind::wants_write};
  return {outcome::kind::moved, of_payload};
}

tls_channel::tls_channel(const tls_credentials& credentials, int socket, tls_credentials::side which)
  : connection_(credentials.connection(which)) {
  if (connection_) SSL_set_fd(connection_.get(), socket);
}

byte_channel::outcome tls_channel::read(char* data, std::size_t size) {
  if (!connection_) return {outcome::kind::over};
  ERR_clear_error();
  std::size_t bytes = 0;
  const auto returned = SSL_read_ex(connection_.get(), data, size, &bytes);
  return outcome_of(returned, bytes);
}

byte_channel::outcome tls_channel::write(const char* data, std::size_t size) {
  if (!connection_) return {outcome::kind::over};
  ERR_clear_error();
  std::size_t bytes = 0;
  const auto returned = SSL_write_ex(connection_.get(), data, size, &bytes);
  return outcome_of(returned, bytes);
}

bool tls_channel::holds_input() const {
  return connection_ && SSL_has_pending(connection_.get()) == 1;
}

byte_channel::outcome tls_channel::outcome_of(int returned, std::size_t bytes) const {
  if (returned == 1) return {outcome::kind::moved, bytes};
  switch (SSL_get_error(connection_.get(), returned)) {
  case SSL_ERROR_WANT_READ:
    return {outcome::kind::wants_read};
  case SSL_ERROR_WANT_WRITE:
    return {outcome::kind::wants_write};
  default:
    return {outcome::kind::over};
  }
}

} // namespace syngrad
