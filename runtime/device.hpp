// A device makes streams and memory, and tensors on them. It outlives everything made with it: actors, tensors, models.
#pragma once

#include "runtime/memory_pool.hpp"
#include "runtime/operators.hpp"
#include "runtime/tensor.hpp"

#include <string>

namespace syngrad {

// Work on one stream that was recorded once and is enqueued again with a single call. It reads and writes the addresses
// that it was recorded with, so whoever replays it sees to it that they hold what is meant (replay_cache.hpp).
class recorded_work {
public:
  virtual ~recorded_work() = default;
  // `on` is the stream that it was recorded on. May be called while an earlier replay is under way.
  virtual void replay(stream& on) = 0;
};

// Names what a thread is doing, for a profiler that looks at the program from outside.
class profiler_ranges {
public:
  virtual ~profiler_ranges() = default;
  // Ranges of a thread nest. `name` is copied.
  virtual void begin(const char* name) = 0;
  virtual void end() = 0;
};

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
  // Whether operators do anything; else it is for finding out what they are asked, and what memory that takes.
  virtual bool does_work() const { return true; }

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

// ---- bringing a tensor to the device of the stream that is to read it, or to where the host reads it

// `from`, where work on `reader` can read it: itself on its own device, else a copy that `reader` makes, in its order
// of work, without the host waiting. The source goes back to its pool only when `reader` is past the copy.
// A CPU stream cannot wait for another device: give it a host-visible tensor, once that is ready.
inline tensor brought_to(stream& reader, const tensor& from) {
  if (!from) return from;
  from.read_on(reader);
  if (reader.owner().holds(*from.memory().get())) return from;
  auto here = make_tensor(reader, from.extents(), from.type());
  reader.ops().copy(reader, from, here);
  here.ready_after(reader.record());
  return here;
}

// `from`, where the host can read it by its address once `work` is past what is enqueued there: itself on a device
// whose memory the host reads anyway, else a copy that `work` makes.
inline tensor brought_to_host(stream& work, const tensor& from) {
  if (!from || work.owner().host_reads_memory()) return from;
  auto seen = make_host_visible_tensor(work, from.extents(), from.type());
  work.ops().copy(work, from.read_on(work), seen);
  seen.ready_after(work.record());
  return seen;
}

} // namespace syngrad
