// A CUDA stream: non-default, non-blocking, with the priority that it was made with.
//
// Threads: as runtime/stream.hpp says. The workspace belongs to the operators, which the stream's owner calls.
#pragma once

#include "runtime/cuda/cuda_check.hpp"
#include "runtime/cuda/cuda_event.hpp"
#include "runtime/cuda/operator_history.hpp"
#include "runtime/stream.hpp"
#include "runtime/tensor.hpp"

#include <cuda_runtime_api.h>

namespace syngrad::cuda {

class cuda_device;

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
