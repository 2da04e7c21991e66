#include "runtime/cuda/cuda_devices.hpp"

#include "runtime/cuda/cuda_check.hpp"
#include "runtime/cuda/cuda_device.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace syngrad {

namespace {

using namespace cuda;

constexpr std::size_t workspace_bytes = 64u << 20; // more than any algorithm is known to ask for
constexpr int most_algorithms = 8;

// What is made for one measurement, and goes with it.
class product_bench {
public:
  product_bench(const call_site& from, const product_rate_request& request)
    : here_(from), request_(request), memory_(make_device_memory(from.ordinal)) {}
  product_bench(const product_bench&) = delete;
  product_bench& operator=(const product_bench&) = delete;
  ~product_bench() {
    if (stream_) cudaStreamSynchronize(stream_);
    for (auto* each : {begin_, end_})
      if (each) cudaEventDestroy(each);
    if (stream_) cudaStreamDestroy(stream_);
    if (handle_) cublasLtDestroy(handle_);
    for (auto* each : held_) memory_->deallocate(each);
  }

  // Once.
  double best_rate() {
    prepare();
    const auto candidates = ask();
    if (candidates.empty()) throw device_failure("cuBLASLt offers no algorithm for this product");
    double best = 0;
    const cublasLtMatmulAlgo_t* fastest = nullptr;
    for (const auto& each : candidates) {
      time_of(each, 1);
      if (const auto rate = flops() / time_of(each, 3); rate > best) {
        best = rate;
        fastest = &each;
      }
    }
    const auto count = std::max(3, static_cast<int>(request_.seconds * best / flops()));
    return flops() / time_of(*fastest, count);
  }

private:
  void prepare() {
    const bool narrow = request_.on.precision == cuda_precision::bf16;
    const auto compute =
      request_.on.precision == cuda_precision::tf32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F;
    check(here_, cublasLtMatmulDescInit(&operation_, compute, CUDA_R_32F));
    const auto extent = static_cast<std::uint64_t>(request_.side);
    check(here_, cublasLtMatrixLayoutInit(&layout_, narrow ? CUDA_R_16BF : CUDA_R_32F, extent, extent, request_.side));
    const auto bytes = static_cast<std::size_t>(request_.side * request_.side) * (narrow ? 2 : 4);
    for (auto& each : matrices_) each = allocate(bytes);
    workspace_ = allocate(workspace_bytes);
    check(here_, cublasLtCreate(&handle_));
    check(here_, cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking));
    for (auto* each : {&begin_, &end_}) check(here_, cudaEventCreate(each));
    // Bytes of 0x3c are the number 0.0115 in either type: zeros would draw less power and so run faster than data.
    for (auto* each : matrices_) check(here_, cudaMemsetAsync(each, 0x3c, bytes, stream_));
  }

  void* allocate(std::size_t bytes) {
    held_.push_back(memory_->allocate(bytes));
    return held_.back();
  }

  double flops() const {
    const auto side = static_cast<double>(request_.side);
    return 2 * side * side * side;
  }

  std::vector<cublasLtMatmulAlgo_t> ask() {
    cublasLtMatmulPreferenceOpaque_t wanted;
    check(here_, cublasLtMatmulPreferenceInit(&wanted));
    const std::uint64_t most = workspace_bytes;
    check(here_,
          cublasLtMatmulPreferenceSetAttribute(&wanted, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &most, sizeof most));
    std::array<cublasLtMatmulHeuristicResult_t, most_algorithms> found{};
    int count = 0;
    check(here_, cublasLtMatmulAlgoGetHeuristic(handle_, &operation_, &layout_, &layout_, &layout_, &layout_, &wanted,
                                                most_algorithms, found.data(), &count));
    std::vector<cublasLtMatmulAlgo_t> usable;
    for (int i = 0; i < count; ++i)
      if (const auto& each = found[static_cast<std::size_t>(i)]; each.state == CUBLAS_STATUS_SUCCESS)
        usable.push_back(each.algo);
    return usable;
  }

  // Seconds of one product, the mean over `count` in a row.
  double time_of(const cublasLtMatmulAlgo_t& algorithm, int count) {
    const float one = 1, zero = 0;
    check(here_, cudaEventRecord(begin_, stream_));
    for (int i = 0; i < count; ++i)
      check(here_, cublasLtMatmul(handle_, &operation_, &one, matrices_[0], &layout_, matrices_[1], &layout_, &zero,
                                  matrices_[2], &layout_, matrices_[2], &layout_, &algorithm, workspace_,
                                  workspace_bytes, stream_));
    check(here_, cudaEventRecord(end_, stream_));
    check(here_, cudaEventSynchronize(end_));
    float milliseconds = 0;
    check(here_, cudaEventElapsedTime(&milliseconds, begin_, end_));
    return static_cast<double>(milliseconds) * 1e-3 / count;
  }

  call_site here_;
  product_rate_request request_;
  std::unique_ptr<memory_source> memory_;
  std::vector<void*> held_;
  std::array<void*, 3> matrices_{};
  void* workspace_ = nullptr;
  cublasLtHandle_t handle_ = nullptr;
  cudaStream_t stream_ = nullptr;
  cudaEvent_t begin_ = nullptr, end_ = nullptr;
  cublasLtMatmulDescOpaque_t operation_;
  cublasLtMatrixLayoutOpaque_t layout_;
};

} // namespace

result<double> measure_product_rate(const product_rate_request& request) {
  const auto usable = make_cuda_device(request.on); // for its errors
  if (!usable) return usable.failure();
  try {
    const call_site here{request.on.ordinal, "measure products"};
    check(here, cudaSetDevice(request.on.ordinal));
    return product_bench(here, request).best_rate();
  } catch (const std::exception& failure) {
    return error::device(failure.what());
  }
}

} // namespace syngrad
