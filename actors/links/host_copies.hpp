// Makes the tensors of a message readable by the host: waits until they are ready, and copies those that lie in memory
// of a device. Nothing blocks; the work is on a stream of its own.
#pragma once

#include "runtime/device.hpp"
#include "runtime/operators.hpp"

#include <cassert>

namespace syngrad {

class host_copies {
public:
  // `source` makes the tensors; null: a CPU, whose tensors the host may read at once.
  explicit host_copies(device* source) : work_(source ? &source->make_stream() : nullptr) {}

  // Whether the tensors of `message` can be read now; else once work() is past what is enqueued on it.
  template <class M>
  bool bring(M& message) {
    bool ready = true;
    if constexpr (requires { message.values; }) ready = bring_tensor(message.values) && ready;
    if constexpr (requires { message.targets; }) ready = bring_tensor(message.targets) && ready;
    return ready;
  }
  stream& work() { return *work_; }

private:
  bool bring_tensor(tensor& part) {
    if (!part) return true;
    if (!work_) {
      assert(part.ready().ready());
      return true;
    }
    const bool on_host = &part.memory()->pool() == &work_->owner().host_visible_memory();
    if (on_host && part.ready().ready()) return true;
    part.read_on(*work_);
    if (on_host) return false;
    auto copy = make_host_visible_tensor(*work_, part.extents(), part.type());
    work_->ops().copy(*work_, part, copy);
    part = std::move(copy);
    return false;
  }

  stream* work_; // of `source`
};

} // namespace syngrad
