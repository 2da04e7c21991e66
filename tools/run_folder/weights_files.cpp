#include "tools/run_folder/weights_files.hpp"

#include "runtime/io/output_file.hpp"
#include "runtime/io/safetensors.hpp"
#include "runtime/io/value_text.hpp"
#include "runtime/text.hpp"
#include "tools/command_line/option_row.hpp"

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <new>
#include <system_error>
#include <utility>

namespace syngrad::tools {

std::map<std::string, std::string> weights_metadata(const std::string& model) {
  return {{"model", model}, {"program", "syngrad " SYNGRAD_VERSION}};
}

std::size_t weights_size(const network& net, const std::string& model) {
  std::vector<safetensors_entry> entries;
  int number = 0;
  for (const auto& unit : net.units) {
    for (const auto& layer : unit) {
      for (const auto* parameter : layer->parameters())
        entries.push_back({std::to_string(number) + "." + parameter->name, dtype::f32, parameter->extents, nullptr});
      ++number;
    }
  }
  return safetensors_size(entries, weights_metadata(model));
}

std::size_t weights_size(std::span<const layer_group::named_tensor> weights, const std::string& model) {
  std::vector<safetensors_entry> entries;
  for (const auto& each : weights) entries.push_back({each.name, each.value.type(), each.value.extents(), nullptr});
  return safetensors_size(entries, weights_metadata(model));
}

status write_weights(atomic_file& file, std::span<const layer_group::named_tensor> weights, const std::string& model) {
  std::vector<safetensors_entry> entries;
  for (const auto& each : weights) entries.push_back(safetensors_entry_of(each.name, each.value));
  return write_safetensors(file, entries, weights_metadata(model));
}

namespace {

constexpr std::uint64_t room_for_others = std::uint64_t{16} << 20; // metrics and traces: a run ends without them

// A file that nobody depends on does not take the last of a disk.
status check_room(const std::string& folder, std::uint64_t bytes) {
  std::error_code unknown;
  const auto space = std::filesystem::space(folder, unknown);
  if (unknown || space.available >= bytes + room_for_others) return ok();
  return error::file("they take " + byte_size(bytes) + ", and the disk of '" + folder + "' has " +
                     byte_size(space.available) + " left, which metrics and traces need");
}

} // namespace

best_weights::best_weights(std::map<std::string, std::string> metadata, bool on_validation, speaker say)
  : metadata_(std::move(metadata)), on_validation_(on_validation), say_(std::move(say)) {}

best_weights::~best_weights() {
  finish();
}

void best_weights::go_on(const std::string& folder, std::int64_t step, const objective& judge) {
  const auto path = folder + "/" + best_weights_name;
  if (std::error_code unknown; !std::filesystem::exists(path, unknown)) return;
  const auto file = read_safetensors(path);
  if (!file) return complain(file.message());
  const auto judged = judge.metrics().front();
  const auto number = [&](const std::string& name) {
    const auto found = file->metadata.find(name);
    return found == file->metadata.end() ? std::nullopt : parse_real(found->second);
  };
  const auto of = number("step"), loss = number("loss"), value = number(judged.column);
  if (!of || !loss || !value || *of > static_cast<double>(step)) return;
  evaluation_report then;
  then.step = static_cast<std::int64_t>(*of);
  then.loss = *loss;
  then.on_validation = on_validation_;
  then.metrics = metric_values({{judged, *value}});
  best_ = then;
  kept_ = kept{path, then.step, {judged, *value}};
}

bool best_weights::is_better(const evaluation_report& report) const {
  if (report.on_validation != on_validation_ || !std::isfinite(report.loss)) return false;
  if (!best_) return true;
  const auto &now = report.metrics.judge(), &before = best_->metrics.judge();
  if (now.value == before.value) return report.loss < best_->loss;
  return now.of.lower_is_better ? now.value < before.value : now.value > before.value;
}

void best_weights::evaluated(const std::string& folder, const evaluation_report& report, const reader& read) {
  if (!is_better(report)) return;
  snapshot better{folder, report, {}};
  const auto copied = read([&better](std::span<const layer_group::named_tensor> weights) -> status {
    try {
      for (const auto& each : weights) {
        const auto* bytes = static_cast<const std::byte*>(each.value.data());
        better.weights.push_back(
          {each.name, each.value.type(), each.value.extents(), {bytes, bytes + each.value.bytes()}});
      }
      return ok();
    } catch (const std::bad_alloc&) {
      return error::resource("there is no memory for a copy of them");
    }
  });
  if (!copied) return complain(copied.message());
  best_ = report;
  hand_over(std::move(better));
}

void best_weights::hand_over(snapshot better) {
  std::unique_lock lock(mutex_);
  waiting_ = std::move(better);
  try {
    if (!thread_.joinable() && !stopping_) thread_ = std::thread([this] { run(); });
    changed_.notify_all();
  } catch (const std::system_error&) { // no more threads are allowed: the caller writes
    const auto now = *std::exchange(waiting_, std::nullopt);
    lock.unlock();
    write(now);
  }
}

void best_weights::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return waiting_ || stopping_; });
    if (!waiting_) return;
    const auto now = *std::exchange(waiting_, std::nullopt);
    lock.unlock();
    write(now);
    lock.lock();
  }
}

void best_weights::write(const snapshot& now) {
  auto about = metadata_;
  about["step"] = std::to_string(now.of.step);
  about["loss"] = format_real(now.of.loss);
  const auto& judged = now.of.metrics.judge();
  about[judged.of.column] = format_real(judged.value);
  std::vector<safetensors_entry> entries;
  for (const auto& each : now.weights) entries.push_back({each.name, each.type, each.extents, each.bytes.data()});
  const auto path = now.folder + "/" + best_weights_name;
  const auto bytes = safetensors_size(entries, about);
  if (auto room = check_room(now.folder, bytes); !room) return complain(room.message());
  auto file = atomic_file::create(path, bytes);
  if (!file) return complain(file.message());
  if (const auto done = write_safetensors(*file, entries, about); !done) return complain(done.message());
  const std::lock_guard lock(mutex_);
  kept_ = kept{path, now.of.step, judged};
}

void best_weights::complain(const std::string& why) {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(complained_, true)) return;
  }
  say_("the best weights so far are not kept: " + why + "; the run goes on");
}

std::optional<best_weights::kept> best_weights::finish() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
  const std::lock_guard lock(mutex_);
  return kept_;
}

} // namespace syngrad::tools
