// A device makes streams and memory. It outlives everything made with it: actors, tensors, models.
#pragma once

#include "runtime/memory_pool.hpp"
#include "runtime/tensor.hpp"

#include <string>

namespace syngrad {

class device {
public:
  virtual ~device() = default;

  virtual std::string name() const = 0; // "cpu", "cuda:0"
  // Owned by the device, so that memory can outlive the actor that used it. Any thread.
  virtual stream& make_stream() = 0;
  virtual operators& ops() = 0;
  virtual memory_pool& memory() = 0;
  // Returns when all work on all streams is done. For programs and tests; handlers never call it.
  virtual void synchronize() = 0;
};

inline operators& stream::ops() const {
  return owner_.ops();
}

// A tensor with undefined contents, to be written by work on `writer`.
inline tensor make_tensor(stream& writer, shape extents, dtype type = dtype::f32) {
  const auto bytes = static_cast<std::size_t>(extents.elements()) * size_of(type);
  return {writer.owner().memory().acquire(writer, bytes), 0, extents, type};
}

} // namespace syngrad
