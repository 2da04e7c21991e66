// A device makes streams and memory. It outlives everything made with it: actors, tensors, models.
#pragma once

#include "runtime/memory_pool.hpp"
#include "runtime/profiler_ranges.hpp"
#include "runtime/recorded_work.hpp"
#include "runtime/tensor.hpp"

#include <string>

namespace syngrad {

class device {
public:
  virtual ~device() = default;

  virtual std::string name() const = 0; // "cpu", "cuda:0"
  // Owned by the device, so that memory can outlive the actor that used it. Any thread.
  stream& make_stream(stream_priority priority = stream_priority::normal) { return add_stream(priority); }
  virtual operators& ops() = 0;
  virtual memory_pool& memory() = 0;
  // Memory that operators write and that the host reads and writes by its address. Slow for large tensors.
  virtual memory_pool& host_visible_memory() { return memory(); }
  // Whether the host reads and writes all of memory() by its address.
  bool host_reads_memory() { return &memory() == &host_visible_memory(); }
  // Returns when all work on all streams is done. For programs and tests; handlers never call it.
  virtual void synchronize() = 0;

  // Whether work can be recorded and replayed here; replay_cache.hpp does it.
  virtual bool records_work() const { return false; }
  // Calls `enqueue` and keeps what it enqueues on `on`, without doing any of it. `enqueue` runs operators on `on` that
  // read and write device memory, and nothing else: no events, waits or uploads. Null, and not called, where
  // records_work() is false.
  virtual std::unique_ptr<recorded_work> record_work(stream& on, const std::function<void()>& enqueue) {
    static_cast<void>(on), static_cast<void>(enqueue);
    return nullptr;
  }

  // Where handlers name what they do for a profiler of this device; null where there is none, or it was not built in.
  virtual profiler_ranges* profiler() { return nullptr; }

  // Whether operators of this device read and write `part` by its address.
  bool holds(const buffer& part) {
    const auto& pool = part.pool().root();
    return &pool == &memory() || &pool == &host_visible_memory();
  }

protected:
  virtual stream& add_stream(stream_priority priority) = 0;
};

inline operators& stream::ops() const {
  return owner_.ops();
}

inline memory_pool& stream::memory() const {
  return part_ ? *part_ : owner_.memory();
}

// A tensor with undefined contents, to be written by work on `writer`.
inline tensor make_tensor(stream& writer, shape extents, dtype type = dtype::f32) {
  const auto bytes = static_cast<std::size_t>(extents.elements()) * size_of(type);
  return {writer.memory().acquire(writer, bytes), 0, extents, type};
}

// The same, for a few numbers that the host reads by their address once `writer` is past the work that wrote them.
inline tensor make_host_visible_tensor(stream& writer, shape extents, dtype type = dtype::f32) {
  const auto bytes = static_cast<std::size_t>(extents.elements()) * size_of(type);
  return {writer.owner().host_visible_memory().acquire(writer, bytes), 0, extents, type};
}

} // namespace syngrad
