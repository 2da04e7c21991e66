// A connection without TLS: its bytes in records, whose sums are checked before a byte of them is handed out
// (record_format.hpp).
#pragma once

#include "actors/nodes/byte_channel.hpp"
#include "actors/nodes/record_format.hpp"

#include <optional>
#include <vector>

namespace syngrad {

class record_channel : public byte_channel {
public:
  explicit record_channel(int socket) : socket_(socket) {}

  outcome read(char* data, std::size_t size) override;
  outcome write(const char* data, std::size_t size) override;
  bool holds_input() const override { return ready_ > 0; }

private:
  // A record from in_, whole and undamaged, becomes what is handed out. False: damaged. No record yet is no damage.
  bool open_next();
  outcome receive();

  int socket_;
  // in_[begin_, end_) has come; its first ready_ bytes are checked payload.
  std::vector<char> in_;
  std::size_t begin_ = 0, end_ = 0, ready_ = 0;
  std::uint64_t read_ = 0, written_ = 0; // numbers of the next records
  record_header header_{};
  std::size_t header_left_ = 0, payload_left_ = 0; // of the record that is being sent
};

} // namespace syngrad
