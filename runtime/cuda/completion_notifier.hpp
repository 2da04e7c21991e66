// The one place that decides how a stream tells the host that its work is done (cuda_completion). Each way is one class
// here; both call back on the device's completion thread.
#pragma once

#include "runtime/cuda/completion_thread.hpp"
#include "runtime/cuda/cuda_devices.hpp"

#include <functional>
#include <memory>

namespace syngrad::cuda {

class cuda_stream;

class completion_notifier {
public:
  virtual ~completion_notifier() = default;
  // Calls back when all that is enqueued on `from` is done. Any thread.
  virtual void notify(cuda_stream& from, std::function<void()> callback) = 0;
};

std::unique_ptr<completion_notifier> make_completion_notifier(cuda_completion how);

} // namespace syngrad::cuda
