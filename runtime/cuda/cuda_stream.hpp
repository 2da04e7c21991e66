// A CUDA stream: non-default, non-blocking, with the priority that it was made with. Its events, and how it tells that
// its work is done.
//
// Threads: as runtime/stream.hpp says. The workspace belongs to the operators, which the stream's owner calls.
#pragma once

#include "runtime/cuda/completion_thread.hpp"
#include "runtime/cuda/cuda_check.hpp"
#include "runtime/cuda/cuda_devices.hpp"
#include "runtime/cuda/handle_pool.hpp"
#include "runtime/cuda/operator_history.hpp"
#include "runtime/stream.hpp"
#include "runtime/tensor.hpp"

#include <atomic>
#include <cuda_runtime_api.h>
#include <functional>
#include <memory>

namespace syngrad::cuda {

class cuda_device;
class cuda_stream;

using event_pool = handle_pool<cudaEvent_t>;

// Events that only order, and cost the device least.
event_pool make_ordering_events(int ordinal);
// Events that have a time, too.
event_pool make_timed_events(int ordinal);

// A CUDA event of the device's pool, which goes back there with the last handle.
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

// Decides how a stream tells the host that its work is done (cuda_completion). Each way is one class; both call back on
// the device's completion thread.
class completion_notifier {
public:
  virtual ~completion_notifier() = default;
  // Calls back when all that is enqueued on `from` is done. Any thread.
  virtual void notify(cuda_stream& from, std::function<void()> callback) = 0;
};

std::unique_ptr<completion_notifier> make_completion_notifier(cuda_completion how);

class cuda_stream final : public stream {
public:
  cuda_stream(cuda_device& owner, stream_priority priority);
  ~cuda_stream() override;

  event record() override;
  void wait(const event& earlier) override; // of any CUDA device
  void on_complete(std::function<void()> callback) override;
  void raise_failure() override;
  std::shared_ptr<time_mark> mark_time() override;

  cuda_device& device() const { return device_; }
  // Where operators go: this stream, or the one beside it while work is captured.
  cudaStream_t handle() const { return capturing_ ? beside_ : handle_; }
  // An event of `pool`, recorded here.
  std::shared_ptr<cuda_event> record_in(event_pool& pool);

  // Directs operators to the stream beside this one, of the same priority, made when first asked for. For the owner.
  cudaStream_t begin_capture();
  void end_capture() { capturing_ = false; }

  // Begins an operator: makes the device current for this thread and notes the name, which lives as long as the
  // program. What it returns goes with each check.
  call_site enter(const char* operator_name);

  // Scratch memory of the matrix products on this stream, which follow one another.
  const tensor& workspace();
  // The handle of cuSOLVER, made when first asked for.
  cusolverDnHandle_t solver(const call_site& from);

  call_site site(const char* operation) const;

private:
  cudaStream_t make_handle(const call_site& from) const;

  cuda_device& device_;
  stream_priority priority_;
  cudaStream_t handle_ = nullptr;
  cudaStream_t beside_ = nullptr;
  bool capturing_ = false;
  cusolverDnHandle_t solver_ = nullptr;
  operator_history history_;
  tensor workspace_; // last: its memory is given back while the stream can still be asked for an event
};

// The CUDA stream behind `s`. CUDA operators are only ever reached through streams of CUDA devices.
inline cuda_stream& cuda(stream& s) {
  return static_cast<cuda_stream&>(s);
}

} // namespace syngrad::cuda
