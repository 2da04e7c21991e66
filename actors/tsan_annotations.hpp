// Tells ThreadSanitizer of an order that it cannot see. No-ops in every other build.
//
// CAF's mailboxes and scheduler lie in a library that is not instrumented: the sanitizer sees that one thread writes a
// message and another one reads it, but not the compare-and-swap that hands it over. To suppress what it then reports
// would suppress every real race too, because each handler runs below a frame of that library. So the order is
// declared instead, where CAF makes it: see tsan_ordered.hpp.
#pragma once

#if defined(__SANITIZE_THREAD__)
#define SYNGRAD_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define SYNGRAD_TSAN 1
#endif
#endif

#ifdef SYNGRAD_TSAN
#include <sanitizer/tsan_interface.h>
#endif

namespace syngrad {

// Everything that this thread did so far comes before what a thread does after its tsan_acquire of `order`. `order` is
// an address that stands for the order; it is not read.
inline void tsan_release([[maybe_unused]] const void* order) {
#ifdef SYNGRAD_TSAN
  __tsan_release(const_cast<void*>(order));
#endif
}

inline void tsan_acquire([[maybe_unused]] const void* order) {
#ifdef SYNGRAD_TSAN
  __tsan_acquire(const_cast<void*>(order));
#endif
}

} // namespace syngrad
