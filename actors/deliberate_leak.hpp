// Leaves an object alive for as long as the process: what a run that hung may still use is never freed under it. Tells
// the leak checker that this is meant; the checker still finds every other leak.
#pragma once

#include <memory>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/lsan_interface.h>
#endif

namespace syngrad {

template <class T>
void leak_deliberately(std::unique_ptr<T> owned) {
  [[maybe_unused]] const T* left = owned.release();
#if defined(__SANITIZE_ADDRESS__)
  __lsan_ignore_object(left);
#endif
}

} // namespace syngrad
