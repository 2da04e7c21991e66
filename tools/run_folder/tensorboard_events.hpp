// Scalars for TensorBoard, in its event file format.
//
//   file    = record record*             the first record is the version event
//   record  = length crc(length) event crc(event)
//   length  = u64, little-endian: bytes of `event`
//   crc(x)  = u32, little-endian: c rotated right by 15 bits, plus 0xa282ead8, where c is the CRC-32C of x
//   event   = protobuf message: 1 double wall time (s since 1970), 2 varint step, and one of
//             3 text "brain.Event:2" (version), 5 summary
//   summary = protobuf message: repeated 1 value
//   value   = protobuf message: 1 text tag, 2 float
//
// One thread at a time.
#pragma once

#include "tools/run_folder/growing_file.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace syngrad::tools {

struct scalar {
  std::string tag; // "error/test"; TensorBoard groups by what is before the slash
  double value;    // a value that is not finite is left out
};

class tensorboard_events {
public:
  // `wall_time`: s since 1970
  static result<tensorboard_events> create(const std::string& path, double wall_time);

  // All events so far in a new file, to which the next ones go. Once.
  result<tensorboard_events> continued_at(const std::string& path);

  status append(double wall_time, std::int64_t step, std::span<const scalar> scalars);

private:
  explicit tensorboard_events(growing_file file) : file_(std::move(file)) {}

  growing_file file_;
};

// The bytes of one record around `event`, and of the two kinds of event.
std::string encode_record(const std::string& event);
std::string encode_version_event(double wall_time);
std::string encode_scalar_event(double wall_time, std::int64_t step, std::span<const scalar> scalars);

} // namespace syngrad::tools
