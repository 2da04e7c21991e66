#include "tools/distributed/node_build.hpp"

#include "actors/sanitizers.hpp"
#include "runtime/cuda/cuda_devices.hpp"
#include "runtime/trace/trace_mode.hpp"
#include "tools/devices/device_options.hpp"
#include "tools/distributed/collected_traces.hpp"
#include "tools/run_folder/weights_files.hpp"

#include <filesystem>
#include <unistd.h>

namespace syngrad::tools {

namespace fs = std::filesystem;

node_build::~node_build() {
  recorder_.reset();
  std::error_code ignored;
  fs::remove_all(folder_.file("trace"), ignored); // what stays is weights.safetensors
  if (weights_ && weights_->saved()) folder_.keep();
}

status node_build::built(const run_plan& plan) {
  auto weights = kept_weights::reserve(folder_.file("weights.safetensors"), plan, settings().model);
  if (!weights) return weights.failure();
  weights_.emplace(std::move(*weights));
  return ok();
}

result<trace_recorder*> node_build::start_trace(const run_order& order) {
  const auto mode = parse_trace_mode(settings().trace);
  const auto limit = parse_size(settings().trace_limit);
  if (!mode || !limit) return mode ? limit.failure() : mode.failure();
  if (mode->off) return nullptr;
  auto planned = trace_settings_of(*mode, *limit, threads_);
  if (!planned) return planned.failure().prefixed("--trace: ");
  auto& own = *planned;
  own.folder = folder_.file("trace");
  own.node = order.node;
  own.run_id = order.run_id;
  std::error_code failure;
  fs::create_directory(own.folder, failure);
  if (failure) return file_error("create folder", own.folder, failure.value());
  auto recorder = trace_recorder::create(own, {});
  if (!recorder) return recorder.failure().prefixed("--trace: ");
  recorder_ = std::move(*recorder);
  return recorder_.get();
}

result<std::unique_ptr<device>> node_build::make_device(const std::string& text) {
  const auto name = parse_device_name(text);
  if (!name) return name.failure();
  if (!name->is_cuda()) return node_work::make_device(text);
  auto options = cuda_options_of(settings().precision);
  options.ordinal = *name->ordinal;
  auto made = make_cuda_device(options);
  if (!made) return error{made.kind(), made.message() + " (`syngrad devices` lists what is there)"};
  return made;
}

status node_build::send_trace(const std::function<void(trace_part)>& send) {
  if (!recorder_) return ok();
  if (auto closed = recorder_->close(); !closed) return closed;
  return send_trace_files(folder_.file("trace"), send);
}

result<std::string> node_build::save(std::span<const layer_group::named_tensor> weights) {
  if (!weights_) return error::file("there is no file for them");
  const auto saved = weights_->save(weights);
  if (saved) return weights_->path();
  auto another = run_folder::create("", "node-" + name_);
  if (!another) return saved.failure();
  weights_->move_to(another->file("weights.safetensors"));
  if (!weights_->save(weights)) return saved.failure();
  folder_ = std::move(*another);
  return weights_->path();
}

void node_build::forget_weights() {
  if (weights_) weights_->remove();
}

void node_build::abandon() {
  node_work::abandon();
  leak_deliberately(std::move(recorder_));
}

result<kept_weights> kept_weights::reserve(const std::string& path, const run_plan& plan, const std::string& model) {
  std::vector<layer_group::named_tensor> weights;
  for (const auto& group : plan.groups) {
    if (!group.layers) continue;
    for (auto& each : group.layers->weights()) weights.push_back(std::move(each));
  }
  kept_weights out(path, model);
  auto file = atomic_file::create(path, weights_size(weights, model));
  if (!file) return file.failure().prefixed("no room for the weights: ");
  out.reserved_.emplace(std::move(*file));
  return out;
}

status kept_weights::save(std::span<const layer_group::named_tensor> weights) {
  if (!reserved_) {
    auto another = atomic_file::create(path_);
    if (!another) return another.failure();
    reserved_.emplace(std::move(*another));
  }
  const auto written = write_weights(*reserved_, weights, model_);
  reserved_.reset();
  if (written) saved_ = true;
  return written;
}

void kept_weights::move_to(const std::string& path) {
  path_ = path;
  reserved_.reset();
  saved_ = false;
}

void kept_weights::remove() {
  if (saved_) ::unlink(path_.c_str());
  saved_ = false;
}

} // namespace syngrad::tools
