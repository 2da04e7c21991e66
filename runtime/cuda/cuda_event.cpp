#include "runtime/cuda/cuda_event.hpp"

#include "runtime/cuda/device_scope.hpp"

namespace syngrad::cuda {

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

} // namespace syngrad::cuda
