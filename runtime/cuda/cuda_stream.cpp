#include "runtime/cuda/cuda_stream.hpp"

#include "runtime/cuda/cuda_device.hpp"
#include "runtime/cuda/cuda_event.hpp"

namespace syngrad::cuda {

namespace {

// CUDA counts downwards: the greatest priority is the least number.
int cuda_priority(stream_priority wanted, int least, int greatest) {
  switch (wanted) {
  case stream_priority::high:
    return greatest;
  case stream_priority::normal:
    return (least + greatest) / 2;
  case stream_priority::low:
    break;
  }
  return least;
}

} // namespace

cuda_stream::cuda_stream(cuda_device& owner, stream_priority priority) : stream(owner), device_(owner) {
  const auto here = enter("make a stream");
  int least = 0, greatest = 0;
  check(here, cudaDeviceGetStreamPriorityRange(&least, &greatest));
  check(here, cudaStreamCreateWithPriority(&handle_, cudaStreamNonBlocking, cuda_priority(priority, least, greatest)));
}

// The workspace goes before the handle; what fails here fails because of a fault that has been told.
cuda_stream::~cuda_stream() {
  workspace_ = {};
  if (solver_) cusolverDnDestroy(solver_);
  cudaStreamDestroy(handle_);
}

call_site cuda_stream::site(const char* operation) const {
  return {device_.ordinal(), operation, &history_};
}

call_site cuda_stream::enter(const char* operator_name) {
  history_.note(operator_name);
  const auto here = site(operator_name);
  check(here, cudaSetDevice(device_.ordinal()));
  return here;
}

event cuda_stream::record() {
  auto point = std::make_shared<cuda_event>(device_.events(), *this);
  check(site("record an event"), cudaEventRecord(point->handle(), handle_));
  return event(std::move(point));
}

void cuda_stream::wait(const event& earlier) {
  const auto* point = dynamic_cast<const cuda_event*>(earlier.state().get());
  if (point && point->is_of(*this)) return; // the order of the stream suffices
  if (earlier.ready()) return;
  if (!point) throw device_failure(device_.name() + ": cannot wait for work of a device that is not a CUDA device");
  check(site("wait for an event"), cudaStreamWaitEvent(handle_, point->handle(), 0));
}

void cuda_stream::on_complete(std::function<void()> callback) {
  device_.notifier().notify(*this, std::move(callback));
}

void cuda_stream::raise_failure() {
  const auto state = cudaStreamQuery(handle_);
  if (state == cudaErrorNotReady)
    cudaGetLastError();
  else
    check(site("work done"), state);
}

const tensor& cuda_stream::workspace() {
  if (!workspace_) workspace_ = make_tensor(*this, {device_.workspace_bytes()}, dtype::u8);
  return workspace_;
}

cusolverDnHandle_t cuda_stream::solver(const call_site& from) {
  if (!solver_) {
    check(from, cusolverDnCreate(&solver_));
    check(from, cusolverDnSetStream(solver_, handle_));
  }
  return solver_;
}

} // namespace syngrad::cuda
