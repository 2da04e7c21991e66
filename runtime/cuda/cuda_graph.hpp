// Recorded work as a CUDA graph: captured once, launched as a whole.
#pragma once

#include "runtime/device.hpp"

#include <cuda_runtime_api.h>

#include <functional>
#include <memory>

namespace syngrad::cuda {

class cuda_stream;

class cuda_graph final : public recorded_work {
public:
  // Captures what `enqueue` enqueues on `on`. Throws device_failure where something in it cannot be captured.
  static std::unique_ptr<cuda_graph> record(cuda_stream& on, const std::function<void()>& enqueue);

  ~cuda_graph() override; // a launch under way ends first
  cuda_graph(const cuda_graph&) = delete;
  cuda_graph& operator=(const cuda_graph&) = delete;

  void replay(stream& on) override;

private:
  explicit cuda_graph(cudaGraphExec_t launchable) : launchable_(launchable) {}

  cudaGraphExec_t launchable_;
};

} // namespace syngrad::cuda
