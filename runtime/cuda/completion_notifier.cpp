#include "runtime/cuda/completion_notifier.hpp"

#include "runtime/cuda/cuda_device.hpp"
#include "runtime/cuda/cuda_stream.hpp"

namespace syngrad::cuda {

namespace {

class polling_notifier final : public completion_notifier {
public:
  void notify(cuda_stream& from, std::function<void()> callback) override {
    thread_.when_passed(from, from.record(), std::move(callback));
  }

private:
  completion_thread thread_;
};

class host_function_notifier final : public completion_notifier {
public:
  void notify(cuda_stream& from, std::function<void()> callback) override {
    const auto here = from.site("on_complete"); // no operator: nobody who counts those is told
    check(here, cudaSetDevice(from.device().ordinal()));
    auto posted = std::make_unique<message>(message{thread_, std::move(callback)});
    check(here, cudaLaunchHostFunc(from.handle(), post, posted.get()));
    posted.release(); // taken over by post()
  }

private:
  struct message {
    completion_thread& to;
    std::function<void()> callback;
  };

  // Runs inside the driver, where no call of CUDA is allowed: the callback, and what it holds, goes to another thread.
  static void CUDART_CB post(void* data) {
    const std::unique_ptr<message> posted(static_cast<message*>(data));
    posted->to.post(std::move(posted->callback));
  }

  completion_thread thread_;
};

} // namespace

std::unique_ptr<completion_notifier> make_completion_notifier(cuda_completion how) {
  if (how == cuda_completion::host_function) return std::make_unique<host_function_notifier>();
  return std::make_unique<polling_notifier>();
}

} // namespace syngrad::cuda
