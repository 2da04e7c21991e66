// Copies: within a device, between devices, and between host and device. What lies in ordinary host memory goes through
// pinned pieces, so that the copy runs beside compute and the caller's memory is free again at once.
#include "runtime/cuda/cuda_device.hpp"
#include "runtime/cuda/cuda_operators.hpp"
#include "runtime/cuda/cuda_stream.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace syngrad::cuda {

namespace {

char* address(const tensor& of) {
  return static_cast<char*>(of.data());
}

void enqueue_upload(cuda_stream& on, const call_site& from, const char* host_memory, char* target, std::size_t bytes) {
  auto& staging = on.device().staging();
  for (std::size_t done = 0; done < bytes; done += staging_area::largest_piece) {
    const auto size = std::min(staging_area::largest_piece, bytes - done);
    auto piece = staging.take(size);
    std::memcpy(piece.data, host_memory + done, size);
    check(from, cudaMemcpyAsync(target + done, piece.data, size, cudaMemcpyDefault, on.handle()));
    staging.give_back(std::move(piece), on.record());
  }
}

// Memory that CUDA knows nothing of: it can be freed or moved at any time after the call.
bool is_ordinary_host_memory(const call_site& from, const void* memory) {
  cudaPointerAttributes attributes{};
  check(from, cudaPointerGetAttributes(&attributes, memory));
  return attributes.type == cudaMemoryTypeUnregistered;
}

} // namespace

void cuda_operators::upload(stream& s, const void* host_memory, tensor& target) {
  auto& on = cuda(s);
  const auto here = on.enter("upload");
  enqueue_upload(on, here, static_cast<const char*>(host_memory), address(target), target.bytes());
}

void cuda_operators::copy(stream& s, const tensor& source, tensor& target) {
  assert(source.type() == target.type() && source.elements() == target.elements());
  auto& on = cuda(s);
  const auto here = on.enter("copy");
  if (source.bytes() == 0) return;
  const bool own = on.device().holds(*source.memory().get());
  if (!own && is_ordinary_host_memory(here, address(source)))
    enqueue_upload(on, here, address(source), address(target), source.bytes());
  else // one address space for all devices and pinned memory: CUDA finds out where each side is
    check(here, cudaMemcpyAsync(address(target), address(source), source.bytes(), cudaMemcpyDefault, on.handle()));
}

} // namespace syngrad::cuda
