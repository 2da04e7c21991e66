// An event of a CUDA stream: a CUDA event of the device's pool, which goes back there with the last handle.
#pragma once

#include "runtime/cuda/handle_pool.hpp"
#include "runtime/stream.hpp"

#include <cuda_runtime_api.h>

#include <atomic>

namespace syngrad::cuda {

using event_pool = handle_pool<cudaEvent_t>;

// Events that only order, and cost the device least.
event_pool make_ordering_events(int ordinal);
// Events that have a time, too.
event_pool make_timed_events(int ordinal);

class cuda_event final : public completion {
public:
  // To be recorded on `on`.
  cuda_event(event_pool& pool, const stream& on) : pool_(pool), handle_(pool.take()), on_(on) {}
  cuda_event(const cuda_event&) = delete;
  cuda_event& operator=(const cuda_event&) = delete;
  // A stream that was told to wait for the handle has noted what it stood for then, so it may be recorded anew.
  ~cuda_event() override { pool_.give_back(handle_); }

  // Also true where the work failed: it will never be done, and the next call on the device tells why.
  bool ready() const override;
  cudaEvent_t handle() const { return handle_; }
  bool is_of(const stream& one) const { return &on_ == &one; }

private:
  event_pool& pool_;
  cudaEvent_t handle_;
  const stream& on_;
  mutable std::atomic<bool> passed_{false};
};

} // namespace syngrad::cuda
