#include "runtime/cuda/probe.hpp"

namespace syngrad::cuda {

namespace {

__global__ void nothing() {}

cudaError_t attempt(int ordinal, std::size_t& free_bytes) {
  if (const auto outcome = cudaSetDevice(ordinal); outcome != cudaSuccess) return outcome;
  cudaFuncAttributes attributes{};
  if (const auto outcome = cudaFuncGetAttributes(&attributes, nothing); outcome != cudaSuccess) return outcome;
  std::size_t total = 0;
  return cudaMemGetInfo(&free_bytes, &total);
}

} // namespace

cudaError_t probe(int ordinal, std::size_t& free_bytes) {
  const auto outcome = attempt(ordinal, free_bytes);
  if (outcome != cudaSuccess) cudaGetLastError();
  return outcome;
}

} // namespace syngrad::cuda
