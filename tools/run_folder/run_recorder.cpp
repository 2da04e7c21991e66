#include "tools/run_folder/run_recorder.hpp"

#include "runtime/io/safetensors.hpp"
#include "tools/run_folder/summary_json.hpp"

#include <chrono>
#include <map>
#include <unistd.h>

namespace syngrad::tools {

namespace {

constexpr std::size_t summary_bytes_a_group = 1024; // more than its JSON ever takes

double seconds_since_1970() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::map<std::string, std::string> metadata_of(const std::string& model) {
  return {{"model", model}, {"program", "syngrad " SYNGRAD_VERSION}};
}

std::string events_name(double now) {
  return "events.out.tfevents." + std::to_string(static_cast<std::int64_t>(now)) + ".syngrad";
}

status write_whole(const std::string& path, const std::string& text) {
  auto file = atomic_file::create(path);
  if (!file) return file.failure();
  if (auto done = file->write(text); !done) return done;
  return file->commit();
}

void remove_files(const std::vector<std::string>& paths) {
  for (const auto& path : paths) ::unlink(path.c_str());
}

std::vector<scalar> scalars_of(const evaluation_report& report) {
  std::vector<scalar> scalars{
    {"loss/train", report.train_loss},
    {report.on_validation ? "loss/validation" : "loss/test", report.loss},
    {report.on_validation ? "error_percent/validation" : "error_percent/test", report.error_percent},
    {"speed/samples_per_s", report.samples_per_s}};
  for (const auto& group : report.groups)
    scalars.push_back({"cosine/interface_" + std::to_string(group.group), group.cosine});
  return scalars;
}

} // namespace

run_recorder::run_recorder(atomic_file weights, atomic_file summary, metrics_csv metrics, tensorboard_events events,
                           std::string model, std::vector<std::string> plain_files)
  : weights_(std::move(weights)), summary_(std::move(summary)), metrics_(std::move(metrics)),
    events_(std::move(events)), model_(std::move(model)), plain_files_(std::move(plain_files)) {}

result<run_recorder> run_recorder::open(const run_folder& folder, const plan& wanted) {
  const auto now = seconds_since_1970();
  const std::vector<std::string> names{folder.file("metrics.csv"), folder.file(events_name(now)),
                                       folder.file("run.ini")};
  const auto fail = [&](const error& failure) {
    remove_files(names);
    return error{"--run: " + failure.message};
  };
  auto weights = atomic_file::create(folder.file("weights.safetensors"), wanted.weight_bytes);
  if (!weights) return fail(weights.failure());
  const auto summary_bytes = summary_bytes_a_group * (static_cast<std::size_t>(wanted.groups) + 4);
  auto summary = atomic_file::create(folder.file("summary.json"), summary_bytes);
  if (!summary) return fail(summary.failure());
  auto metrics = metrics_csv::create(names[0], wanted.groups);
  if (!metrics) return fail(metrics.failure());
  auto events = tensorboard_events::create(names[1], now);
  if (!events) return fail(events.failure());
  if (auto done = write_whole(names[2], wanted.run_ini); !done) return fail(done.failure());
  return run_recorder(std::move(*weights), std::move(*summary), std::move(*metrics), std::move(*events), wanted.model,
                      names);
}

void run_recorder::discard() {
  remove_files(plain_files_);
}

status run_recorder::evaluation(const evaluation_report& report) {
  if (auto done = metrics_.append(report); !done) return done;
  return events_.append(seconds_since_1970(), report.step, scalars_of(report));
}

status run_recorder::finish(const training_summary& summary, std::span<const layer_group::named_tensor> weights,
                            std::span<const device_report> devices) {
  std::vector<safetensors_entry> entries;
  for (const auto& weight : weights) entries.push_back(safetensors_entry_of(weight.name, weight.value));
  if (auto done = write_safetensors(weights_, entries, metadata_of(model_)); !done) return done;
  if (auto done = summary_.write(format_summary_json(summary, devices)); !done) return done;
  return summary_.commit();
}

std::size_t weights_size(const network& model) {
  std::vector<safetensors_entry> entries;
  int number = 0;
  for (const auto& unit : model.units) {
    for (const auto& layer : unit) {
      for (const auto* parameter : layer->parameters())
        entries.push_back({std::to_string(number) + "." + parameter->name, dtype::f32, parameter->extents, nullptr});
      ++number;
    }
  }
  return safetensors_size(entries, metadata_of(model.description));
}

} // namespace syngrad::tools
