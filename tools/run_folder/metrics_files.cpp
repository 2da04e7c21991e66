#include "tools/run_folder/metrics_files.hpp"

#include "runtime/io/protobuf_writer.hpp"
#include "tools/command_line/option_row.hpp"

#include <boost/crc.hpp>
#include <fmt/core.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>
#include <vector>

namespace syngrad::tools {

result<growing_file> growing_file::create(const std::string& path) {
  const int number = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (number < 0) return file_error("create", path, errno);
  ::close(number);
  auto writing = file_descriptor::open_for_writing(path);
  auto reading = file_descriptor::open_for_reading(path);
  if (writing && reading) return growing_file(std::move(*writing), std::move(*reading));
  ::unlink(path.c_str());
  return writing ? reading.failure() : writing.failure();
}

result<growing_file> growing_file::continued_at(const std::string& path) {
  constexpr std::size_t piece = std::size_t{1} << 16;
  auto left = reading_.size();
  if (!left) return left.failure();
  auto next = create(path);
  std::vector<char> bytes;
  while (next && *left > 0) {
    bytes.resize(std::min(*left, piece));
    auto done = reading_.read(bytes.data(), bytes.size());
    if (done) done = next->append({bytes.data(), bytes.size()});
    if (!done) {
      ::unlink(path.c_str());
      return done.failure();
    }
    *left -= bytes.size();
  }
  return next;
}

namespace {

std::string field(double value) {
  return "," + (std::isfinite(value) ? format_real(static_cast<float>(value)) : std::string());
}

} // namespace

result<metrics_csv> metrics_csv::create(const std::string& path, const objective& judge, int groups) {
  auto file = growing_file::create(path);
  if (!file) return file.failure();
  const auto loss = "loss" + (judge.loss_unit().empty() ? "" : "_" + judge.loss_unit());
  auto header = "step,wall_s,trained_s,samples_per_s,train_" + loss + "," + loss;
  for (const auto& each : judge.metrics())
    if (each.listed) header += "," + each.column;
  header += ",judged_on";
  for (int i = 0; i < groups; ++i) {
    const auto prefix = fmt::format(",group{}_", i);
    header += prefix + "busy" + prefix + "cosine" + prefix + "norm_ratio" + prefix + "activation_rms" + prefix +
              "staleness_updates";
  }
  if (auto done = file->append(header + "\n"); !done) return done.failure();
  return metrics_csv(std::move(*file), groups);
}

result<metrics_csv> metrics_csv::continued_at(const std::string& path) {
  auto file = file_.continued_at(path);
  if (!file) return file.failure();
  return metrics_csv(std::move(*file), groups_);
}

status metrics_csv::append(const evaluation_report& report) {
  auto row = fmt::format("{}{}{}{}{}{}", report.step, field(report.wall_s), field(report.trained_s),
                         field(report.samples_per_s), field(report.train_loss), field(report.loss));
  for (const auto& each : report.metrics)
    if (each.of.listed) row += field(each.value);
  row += report.on_validation ? ",validation" : ",test";
  for (int i = 0; i < groups_; ++i) {
    if (static_cast<std::size_t>(i) >= report.groups.size()) {
      row += ",,,,,";
      continue;
    }
    const auto& group = report.groups[static_cast<std::size_t>(i)];
    row += field(group.busy) + field(group.cosine) + field(group.norm_ratio) + field(group.activation_rms) +
           field(group.staleness);
  }
  return file_.append(row + "\n");
}

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

} // namespace

std::string encode_record(const std::string& event) {
  const auto length = bytes_of(static_cast<std::uint64_t>(event.size()));
  return length + bytes_of(masked_crc32c(length)) + event + bytes_of(masked_crc32c(event));
}

std::string encode_version_event(double wall_time) {
  protobuf_writer event;
  event.real(1, wall_time);
  event.text(3, "brain.Event:2");
  return event.bytes();
}

std::string encode_scalar_event(double wall_time, std::int64_t step, std::span<const scalar> scalars) {
  protobuf_writer event, summary, value;
  for (const auto& one : scalars) {
    if (!std::isfinite(one.value)) continue;
    value.clear();
    value.text(1, one.tag);
    value.real(2, static_cast<float>(one.value));
    summary.message(1, value);
  }
  event.real(1, wall_time);
  event.varint(2, static_cast<std::uint64_t>(step));
  event.message(5, summary);
  return event.bytes();
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
