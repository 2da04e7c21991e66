#include "tools/run_folder/metrics_files.hpp"

#include "runtime/io/output_file.hpp"
#include "runtime/io/protobuf_writer.hpp"
#include "runtime/io/text_file.hpp"
#include "runtime/text.hpp"
#include "tools/command_line/option_row.hpp"

#include <boost/crc.hpp>
#include <fmt/core.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <optional>
#include <set>
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

result<growing_file> growing_file::replace(const std::string& path, std::string_view text) {
  {
    auto whole = atomic_file::create(path);
    if (!whole) return whole.failure();
    if (auto done = whole->write(text); !done) return done.failure();
    if (auto done = whole->commit(); !done) return done.failure();
  }
  auto writing = file_descriptor::open_for_writing(path);
  auto reading = file_descriptor::open_for_reading(path);
  if (!writing || !reading) return writing ? reading.failure() : writing.failure();
  if (auto done = writing->cut(text.size()); !done) return done.failure(); // the next write goes to its end
  return growing_file(std::move(*writing), std::move(*reading));
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

constexpr std::size_t most_metrics_bytes = std::size_t{1} << 32;

std::string field(double value) {
  return "," + (std::isfinite(value) ? format_real(static_cast<float>(value)) : std::string());
}

constexpr int columns_of_group = 5;

std::string metrics_header(const objective& judge, int groups) {
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
  return header;
}

// How many groups the header of `text` has columns of; none where it is no header of these metrics.
std::optional<int> groups_in(const std::string& header, const objective& judge) {
  const auto before = metrics_header(judge, 0);
  if (!header.starts_with(before)) return std::nullopt;
  const auto groups =
    static_cast<int>(std::count(header.begin() + static_cast<std::ptrdiff_t>(before.size()), header.end(), ',')) /
    columns_of_group;
  return metrics_header(judge, groups) == header ? std::optional(groups) : std::nullopt;
}

} // namespace

result<metrics_csv> metrics_csv::create(const std::string& path, const objective& judge, int groups) {
  auto file = growing_file::create(path);
  if (!file) return file.failure();
  if (auto done = file->append(metrics_header(judge, groups) + "\n"); !done) return done.failure();
  return metrics_csv(std::move(*file), groups);
}

result<metrics_csv> metrics_csv::resume(const std::string& path, const objective& judge, int groups,
                                        std::int64_t step) {
  const auto text = read_text_file(path, most_metrics_bytes);
  if (!text) return text.failure();
  const auto lines = split_text(*text, '\n');
  const auto before = groups_in(std::string(lines.front()), judge);
  if (!before)
    return error::data(path + ": it has other columns than a run with this objective writes; it is not this run's, or "
                              "was changed");
  const auto most = std::max(*before, groups);
  auto kept = metrics_header(judge, most) + "\n";
  const std::string missing(static_cast<std::size_t>((most - *before) * columns_of_group), ',');
  std::array<std::int64_t, 2> latest{-1, -1};
  for (std::size_t i = 1; i + 1 < lines.size(); ++i) { // what no line end follows was being written
    const auto of = parse_number<std::int64_t>(lines[i].substr(0, lines[i].find(',')));
    if (!of) return error::data(fmt::format("{}: line {} begins with no step; it was changed", path, i + 1));
    if (*of > step) continue;
    kept.append(lines[i]).append(missing).append("\n");
    latest[lines[i].find(",validation") == std::string_view::npos ? 0 : 1] = *of;
  }
  auto file = growing_file::replace(path, kept);
  if (!file) return file.failure();
  metrics_csv out(std::move(*file), most);
  out.latest_ = latest;
  return out;
}

result<metrics_csv> metrics_csv::continued_at(const std::string& path) {
  auto file = file_.continued_at(path);
  if (!file) return file.failure();
  metrics_csv out(std::move(*file), groups_);
  out.latest_ = latest_;
  return out;
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
  latest_[report.on_validation ? 1 : 0] = report.step;
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

namespace {

std::uint64_t varint_at(std::string_view text, std::size_t& at) {
  std::uint64_t value = 0;
  for (unsigned shift = 0; at < text.size() && shift < 64; shift += 7) {
    const auto byte = static_cast<unsigned char>(text[at++]);
    value |= std::uint64_t{byte & 0x7fu} << shift;
    if (byte < 0x80) break;
  }
  return value;
}

// Of an event of ours: the step of scalars; none of a version.
std::optional<std::int64_t> step_of_event(std::string_view event) {
  for (std::size_t at = 0; at < event.size();) {
    const auto tag = varint_at(event, at);
    if (tag == (2u << 3)) return static_cast<std::int64_t>(varint_at(event, at));
    if ((tag & 7) == 0)
      varint_at(event, at);
    else if ((tag & 7) == 1)
      at += sizeof(double);
    else if ((tag & 7) == 2)
      at += varint_at(event, at);
    else
      break;
  }
  return std::nullopt;
}

// Its whole records, in their order.
std::vector<std::string_view> records_in(std::string_view file) {
  constexpr std::size_t around = sizeof(std::uint64_t) + 2 * sizeof(std::uint32_t);
  std::vector<std::string_view> records;
  while (file.size() >= around) {
    std::uint64_t length = 0;
    std::memcpy(&length, file.data(), sizeof length);
    if (length > file.size() - around) break;
    const auto event = file.substr(sizeof length + sizeof(std::uint32_t), length);
    if (encode_record(std::string(event)) != file.substr(0, length + around)) break;
    records.push_back(file.substr(0, length + around));
    file.remove_prefix(length + around);
  }
  return records;
}

std::string_view event_of(std::string_view record) {
  return record.substr(12, record.size() - 16);
}

std::vector<std::string> event_files_in(const std::string& folder) {
  std::vector<std::string> found;
  std::error_code failed;
  std::filesystem::directory_iterator entry(folder, failed);
  for (const std::filesystem::directory_iterator none; !failed && entry != none; entry.increment(failed))
    if (entry->path().filename().string().starts_with("events.out.tfevents.")) found.push_back(entry->path().string());
  std::sort(found.begin(), found.end());
  return found;
}

} // namespace

// Who was interrupted while doing this has left some events twice: each is taken once.
result<tensorboard_events> tensorboard_events::resume(const std::string& folder, const std::string& path,
                                                      double wall_time, std::int64_t step) {
  const auto before = event_files_in(folder);
  auto kept = encode_record(encode_version_event(wall_time));
  std::set<std::string> taken;
  for (const auto& each : before) {
    auto file = file_descriptor::open_for_reading(each);
    if (!file) return file.failure();
    const auto size = file->size();
    if (!size) return size.failure();
    std::string bytes(*size, '\0');
    if (auto done = file->read(bytes.data(), bytes.size()); !done) return done.failure();
    for (const auto record : records_in(bytes))
      if (const auto of = step_of_event(event_of(record)); of && *of <= step && taken.emplace(record).second)
        kept.append(record);
  }
  auto file = growing_file::replace(path, kept);
  if (!file) return file.failure();
  for (const auto& each : before)
    if (each != path) ::unlink(each.c_str());
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
