// Capture goes by a stream beside the recorded one: other threads may record events on that at any time (when they give
// memory back), and those must neither become part of the graph nor spoil its capture.
#include "runtime/cuda/cuda_graph.hpp"

#include "runtime/cuda/cuda_stream.hpp"

namespace syngrad::cuda {

namespace {

// Operators go to the capturing stream while it lasts.
class capture {
public:
  capture(cuda_stream& on, const call_site& from) : on_(on), from_(from), handle_(on.begin_capture()) {
    // Of this thread: what others do with the device meanwhile is their business.
    const auto outcome = cudaStreamBeginCapture(handle_, cudaStreamCaptureModeThreadLocal);
    if (outcome == cudaSuccess) return;
    on_.end_capture();
    fail(from_, outcome);
  }
  capture(const capture&) = delete;
  capture& operator=(const capture&) = delete;
  ~capture() {
    if (!ended_) abandon();
  }

  cudaGraph_t end() {
    ended_ = true;
    on_.end_capture();
    cudaGraph_t captured = nullptr;
    check(from_, cudaStreamEndCapture(handle_, &captured));
    return captured;
  }

private:
  void abandon() {
    on_.end_capture();
    cudaGraph_t captured = nullptr;
    if (cudaStreamEndCapture(handle_, &captured) == cudaSuccess && captured) cudaGraphDestroy(captured);
    cudaGetLastError();
  }

  cuda_stream& on_;
  call_site from_;
  cudaStream_t handle_;
  bool ended_ = false;
};

} // namespace

std::unique_ptr<cuda_graph> cuda_graph::record(cuda_stream& on, const std::function<void()>& enqueue) {
  const auto here = on.site("record work (without --cuda-graphs it would run)");
  capture running(on, here);
  enqueue();
  auto* const captured = running.end();
  cudaGraphExec_t launchable = nullptr;
  const auto outcome = cudaGraphInstantiate(&launchable, captured, 0);
  cudaGraphDestroy(captured);
  check(here, outcome);
  auto made = std::unique_ptr<cuda_graph>(new cuda_graph(launchable));
  check(here, cudaGraphUpload(launchable, on.handle())); // or the first launch would be slow
  return made;
}

cuda_graph::~cuda_graph() {
  cudaGraphExecDestroy(launchable_); // CUDA frees it when it no longer runs
}

void cuda_graph::replay(stream& on) {
  auto& where = cuda(on);
  const auto here = where.enter("recorded work");
  check(here, cudaGraphLaunch(launchable_, where.handle()));
}

} // namespace syngrad::cuda
