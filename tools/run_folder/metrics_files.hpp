// The files that metrics go to while a run goes on: metrics.csv, and events for TensorBoard. One thread at a time.
#pragma once

#include "actors/summary.hpp"
#include "models/objective.hpp"
#include "runtime/io/file_descriptor.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace syngrad::tools {

// A file that grows while a run goes on, and can be copied though its name is gone.
class growing_file {
public:
  // Fails where there is a file already: it is somebody else's.
  static result<growing_file> create(const std::string& path);

  // What is there is replaced at once by `text`, and goes on behind it.
  static result<growing_file> replace(const std::string& path, std::string_view text);

  status append(std::string_view text) { return writing_.write(text); }
  // All of it, in a new file; from then on that one grows. Once.
  result<growing_file> continued_at(const std::string& path);

private:
  growing_file(file_descriptor writing, file_descriptor reading)
    : writing_(std::move(writing)), reading_(std::move(reading)) {}

  file_descriptor writing_, reading_;
};

// metrics.csv: one row an evaluation, written and visible at once. What was not measured is an empty field.
//
// Columns: step, wall_s, trained_s (of that, without evaluations), samples_per_s, train_loss and loss with their unit
// (train_loss_nats of cross-entropy), each listed metric of the objective (error_percent), judged_on (test or
// validation), then for each group groupN_busy (share of its time), groupN_cosine and groupN_norm_ratio (of the
// prediction at its upper interface against the gradient received), groupN_activation_rms (of what it sends up),
// groupN_staleness_updates.
class metrics_csv {
public:
  static result<metrics_csv> create(const std::string& path, const objective&, int groups);

  // Of a run that goes on from `step`: rows of later steps are cut. There are columns of as many groups as there were,
  // or are now.
  static result<metrics_csv> resume(const std::string& path, const objective&, int groups, std::int64_t step);

  // All rows so far in a new file, to which the next ones go. Once.
  result<metrics_csv> continued_at(const std::string& path);

  status append(const evaluation_report&);
  // Whether the latest row of what it judges is of its step: a run that is ended at an evaluation judges the same
  // weights once more.
  bool has(const evaluation_report& report) const { return latest_[report.on_validation ? 1 : 0] == report.step; }

private:
  metrics_csv(growing_file file, int groups) : file_(std::move(file)), groups_(groups) {}

  growing_file file_;
  int groups_;
  std::array<std::int64_t, 2> latest_{-1, -1}; // steps: on the test set, on that for validation
};

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
struct scalar {
  std::string tag; // "error/test"; TensorBoard groups by what is before the slash
  double value;    // a value that is not finite is left out
};

class tensorboard_events {
public:
  // `wall_time`: s since 1970
  static result<tensorboard_events> create(const std::string& path, double wall_time);

  // Of a run that goes on from `step`: what all event files of the folder have of steps up to it, in one that is called
  // `path`; the others are removed. What is damaged or cut ends its file.
  static result<tensorboard_events> resume(const std::string& folder, const std::string& path, double wall_time,
                                           std::int64_t step);

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
