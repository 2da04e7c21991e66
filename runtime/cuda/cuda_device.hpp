// One CUDA device: its streams, memory, events and operators, and the thread that its streams call back on.
#pragma once

#include "runtime/cuda/cuda_devices.hpp"
#include "runtime/cuda/cuda_stream.hpp"
#include "runtime/cuda/staging_area.hpp"
#include "runtime/device.hpp"
#include "runtime/memory_pool.hpp"

#include <memory>
#include <mutex>
#include <vector>

namespace syngrad::cuda {

class cuda_clock;

// Where the pools get their memory from: the device's own, and pinned host memory that the device reads and writes by
// the same address. Both are slow to get, so both are only ever used through a pool.
std::unique_ptr<memory_source> make_device_memory(int ordinal);
std::unique_ptr<memory_source> make_pinned_memory(int ordinal);

class cuda_device final : public device {
public:
  // The device exists and can be used (device_list.hpp). Throws device_failure.
  explicit cuda_device(const cuda_options& options);
  ~cuda_device() override;

  std::string name() const override { return "cuda:" + std::to_string(options_.ordinal); }
  operators& ops() override { return *operators_; }
  memory_pool& memory() override { return memory_; }
  memory_pool& host_visible_memory() override { return pinned_; }
  void synchronize() override;
  bool records_work() const override { return true; }
  std::unique_ptr<recorded_work> record_work(stream& on, const std::function<void()>& enqueue) override;
  profiler_ranges* profiler() override { return profiler_.get(); }

  int ordinal() const { return options_.ordinal; }
  std::int64_t workspace_bytes() const { return workspace_bytes_; }
  event_pool& events() { return events_; }
  cuda_clock& clock(); // made when first asked for
  completion_notifier& notifier() { return *notifier_; }
  staging_area& staging() { return staging_; }

private:
  stream& add_stream(stream_priority priority) override;

  // In the order of need: streams and pools hold events, operators and callbacks hold tensors.
  cuda_options options_;
  std::int64_t workspace_bytes_;
  event_pool events_, timed_events_;
  staging_area staging_;
  memory_pool memory_, pinned_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<cuda_stream>> streams_;
  std::unique_ptr<operators> operators_;
  std::unique_ptr<profiler_ranges> profiler_; // null where it was not built in
  std::once_flag clock_wanted_;
  std::shared_ptr<cuda_clock> clock_; // callbacks hold it, too
  std::unique_ptr<completion_notifier> notifier_;
};

} // namespace syngrad::cuda
