#include "runtime/cuda/cuda_stream.hpp"

#include "runtime/cuda/cuda_clock.hpp"
#include "runtime/cuda/cuda_device.hpp"

#include <cassert>

namespace syngrad::cuda {

// ---- cuda_event

namespace {

event_pool make_events(int ordinal, unsigned flags) {
  return event_pool(
    [ordinal, flags] {
      const call_site here{ordinal, "make an event"};
      const device_scope current(here);
      cudaEvent_t made = nullptr;
      check(here, cudaEventCreateWithFlags(&made, flags));
      return made;
    },
    [](cudaEvent_t event) { cudaEventDestroy(event); });
}

} // namespace

event_pool make_ordering_events(int ordinal) {
  return make_events(ordinal, cudaEventDisableTiming);
}

event_pool make_timed_events(int ordinal) {
  return make_events(ordinal, cudaEventDefault);
}

bool cuda_event::ready() const {
  if (passed_.load(std::memory_order_acquire)) return true;
  const auto state = cudaEventQuery(handle_);
  if (state == cudaErrorNotReady) {
    cudaGetLastError(); // or the next check of a launch on this thread would find it
    return false;
  }
  passed_.store(true, std::memory_order_release);
  return true;
}

// ---- completion_notifier

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

// ---- cuda_stream

namespace {

// CUDA counts downwards: the greatest priority is the least number.
int cuda_priority(stream_priority wanted, int least, int greatest) {
  switch (wanted) {
  case stream_priority::high:
    return greatest;
  case stream_priority::normal:
    return (least + greatest) / 2;
  case stream_priority::low:
    break;
  }
  return least;
}

} // namespace

cuda_stream::cuda_stream(cuda_device& owner, stream_priority priority)
  : stream(owner), device_(owner), priority_(priority) {
  handle_ = make_handle(enter("make a stream"));
}

cudaStream_t cuda_stream::make_handle(const call_site& from) const {
  int least = 0, greatest = 0;
  cudaStream_t made = nullptr;
  check(from, cudaDeviceGetStreamPriorityRange(&least, &greatest));
  check(from, cudaStreamCreateWithPriority(&made, cudaStreamNonBlocking, cuda_priority(priority_, least, greatest)));
  return made;
}

// The workspace goes before the handle; what fails here fails because of a fault that has been told.
cuda_stream::~cuda_stream() {
  workspace_ = {};
  if (solver_) cusolverDnDestroy(solver_);
  if (beside_) cudaStreamDestroy(beside_);
  cudaStreamDestroy(handle_);
}

call_site cuda_stream::site(const char* operation) const {
  return {device_.ordinal(), operation, &history_};
}

call_site cuda_stream::enter(const char* operator_name) {
  history_.note(operator_name);
  about_to_enqueue();
  const auto here = site(operator_name);
  check(here, cudaSetDevice(device_.ordinal()));
  return here;
}

event cuda_stream::record() {
  return event(record_in(device_.events()));
}

std::shared_ptr<cuda_event> cuda_stream::record_in(event_pool& pool) {
  auto point = std::make_shared<cuda_event>(pool, *this);
  check(site("record an event"), cudaEventRecord(point->handle(), handle_));
  return point;
}

std::shared_ptr<time_mark> cuda_stream::mark_time() {
  return device_.clock().mark(*this);
}

cudaStream_t cuda_stream::begin_capture() {
  if (!beside_) beside_ = make_handle(site("make a stream to capture with"));
  capturing_ = true;
  return beside_;
}

void cuda_stream::wait(const event& earlier) {
  assert(!capturing_ && "a wait within recorded work");
  const auto* point = dynamic_cast<const cuda_event*>(earlier.state().get());
  if (point && point->is_of(*this)) return; // the order of the stream suffices
  if (earlier.ready()) return;
  if (!point) throw device_failure(device_.name() + ": cannot wait for work of a device that is not a CUDA device");
  check(site("wait for an event"), cudaStreamWaitEvent(handle_, point->handle(), 0));
}

void cuda_stream::on_complete(std::function<void()> callback) {
  device_.notifier().notify(*this, std::move(callback));
}

void cuda_stream::raise_failure() {
  const auto state = cudaStreamQuery(handle_);
  if (state == cudaErrorNotReady)
    cudaGetLastError();
  else
    check(site("work done"), state);
}

const tensor& cuda_stream::workspace() {
  if (!workspace_) { // from the pool itself: it outlasts a part of it that is in use now
    const auto bytes = device_.workspace_bytes();
    workspace_ = {device_.memory().acquire(*this, static_cast<std::size_t>(bytes)), 0, {bytes}, dtype::u8};
  }
  return workspace_;
}

cusolverDnHandle_t cuda_stream::solver(const call_site& from) {
  if (!solver_) {
    check(from, cusolverDnCreate(&solver_));
    check(from, cusolverDnSetStream(solver_, handle_));
  }
  return solver_;
}

} // namespace syngrad::cuda
