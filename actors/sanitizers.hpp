// What sanitizers must be told. All of it does nothing in a build without them.
//
// ThreadSanitizer is told of an order that it cannot see.
// CAF's mailboxes lie in a library that is not instrumented: the sanitizer sees that one thread writes a message and
// another one reads it, but not the compare-and-swap that hands it over. To suppress what it then reports would
// suppress every real race too, because each handler runs below a frame of that library. So observed_actor declares
// what CAF guarantees, and no more:
//
// | CAF guarantees                                         | released                    | acquired
// |--------------------------------------------------------|-----------------------------|---------------------------
// | a message is handled after it was sent                 | element, in enqueue()       | element, in consume()
// | an actor handles one message after the other, on       | handlers, after initialize()| handlers, in consume()
// | whichever thread, and not before it was initialised    | and after consume()         |
// | unhandled messages and the actor's own state are freed | mailbox, in enqueue(), and  | mailbox and handlers, in
// | after all that                                         | handlers, after cleanup()   | cleanup() and on_destroy()
//
// `element` is the mailbox element: messages are ordered one by one and not by their receiver, so that a sender that
// writes to what it has already sent is still found (tests/support/planted_race.cpp). `handlers` and `mailbox` are two
// addresses in the actor. That the scheduler moves an actor between threads in order needs no word: with the `sharing`
// policy it does so under a mutex, which the sanitizer sees.
//
// The leak checker is told of objects that are left alive for as long as the process: what a run that hung may still
// use is never freed under it. Every other leak is still found.
#pragma once

#include <memory>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/lsan_interface.h>
#endif

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

template <class T>
void leak_deliberately(std::unique_ptr<T> owned) {
  [[maybe_unused]] const T* left = owned.release();
#if defined(__SANITIZE_ADDRESS__)
  __lsan_ignore_object(left);
#endif
}

} // namespace syngrad
