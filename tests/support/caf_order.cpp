// Tells ThreadSanitizer how CAF orders what actors do, for every actor of a program: CAF's own on the network, blocking
// ones, and those of tests. Built into tests under the tsan preset only, where these functions come before those of
// CAF's library, which is not instrumented.
//
// | CAF guarantees                                       | told in
// |------------------------------------------------------|--------------------------------------------
// | a message is handled after it was sent               | enqueue; consume, visitor: around CAF's own
// | an actor handles one message after the other         | consume: around CAF's own
// | unhandled messages are freed after they were sent,   | cleanup: around CAF's own
// | and an actor ends after its last handler             |
// | a message that comes while its receiver ends is freed| deref: after all that was sent
// | by it                                                |
// | who frees something does so after everybody else has | intrusive_ptr_release(_weak), deref: written
// | let it go                                            | again, so that their counters are seen
//
// As in actors/sanitizers.hpp, messages are ordered one by one: who writes to what it has already sent is still
// found.
#include <caf/all.hpp>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <dlfcn.h>
#include <sanitizer/tsan_interface.h>

namespace {

// CAF's own function of this (mangled) name.
template <class Function>
Function original(const char* name) {
  if (auto* const found = dlsym(RTLD_NEXT, name)) return reinterpret_cast<Function>(found);
  std::fprintf(stderr, "caf_order: this CAF has no %s; compare the names here with those of its library\n", name);
  std::abort();
}

// Addresses that stand for an order; they are not read.
void* handlers_of(void* actor) {
  return actor;
}
void* mailbox_of(void* actor) {
  return static_cast<char*>(actor) + 1;
}

char all_that_was_sent; // an address

void release_message(caf::mailbox_element* message, void* receiver) {
  __tsan_release(&all_that_was_sent);
  __tsan_release(message);
  __tsan_release(mailbox_of(receiver));
}

// Not a part of any order: what it sees is asked again.
__attribute__((no_sanitize("thread"))) bool is_one(const std::atomic<std::size_t>& count) {
  return count.load(std::memory_order_relaxed) == 1;
}

void acquire_all(void* actor) {
  __tsan_acquire(mailbox_of(actor));
  __tsan_acquire(handlers_of(actor));
}

} // namespace

namespace caf {

void scheduled_actor::enqueue(mailbox_element_ptr message, execution_unit* host) {
  using function = void (*)(scheduled_actor*, mailbox_element_ptr, execution_unit*);
  static const auto enqueue =
    original<function>("_ZN3caf15scheduled_actor7enqueueESt10unique_ptrINS_15mailbox_elementENS"
                       "_6detail8disposerEEPNS_14execution_unitE");
  release_message(message.get(), this);
  enqueue(this, std::move(message), host);
}

invoke_message_result scheduled_actor::consume(mailbox_element& message) {
  using function = invoke_message_result (*)(scheduled_actor*, mailbox_element&);
  static const auto consume = original<function>("_ZN3caf15scheduled_actor7consumeERNS_15mailbox_elementE");
  __tsan_acquire(&message);
  __tsan_acquire(handlers_of(this));
  const auto outcome = consume(this, message);
  __tsan_release(handlers_of(this));
  return outcome;
}

bool scheduled_actor::cleanup(error&& reason, execution_unit* host) {
  using function = bool (*)(scheduled_actor*, error&&, execution_unit*);
  static const auto cleanup = original<function>("_ZN3caf15scheduled_actor7cleanupEONS_5errorEPNS_14execution_unitE");
  acquire_all(this);
  const auto ended = cleanup(this, std::move(reason), host);
  __tsan_release(handlers_of(this));
  return ended;
}

void blocking_actor::enqueue(mailbox_element_ptr message, execution_unit* host) {
  using function = void (*)(blocking_actor*, mailbox_element_ptr, execution_unit*);
  static const auto enqueue =
    original<function>("_ZN3caf14blocking_actor7enqueueESt10unique_ptrINS_15mailbox_elementENS"
                       "_6detail8disposerEEPNS_14execution_unitE");
  release_message(message.get(), this);
  enqueue(this, std::move(message), host);
}

intrusive::task_result blocking_actor::mailbox_visitor::operator()(mailbox_element& message) {
  using function = intrusive::task_result (*)(mailbox_visitor*, mailbox_element&);
  static const auto visit = original<function>("_ZN3caf14blocking_actor15mailbox_visitorclERNS_15mailbox_elementE");
  __tsan_acquire(&message);
  return visit(this, message);
}

bool blocking_actor::cleanup(error&& reason, execution_unit* host) {
  using function = bool (*)(blocking_actor*, error&&, execution_unit*);
  static const auto cleanup = original<function>("_ZN3caf14blocking_actor7cleanupEONS_5errorEPNS_14execution_unitE");
  acquire_all(this);
  return cleanup(this, std::move(reason), host);
}

void ref_counted::deref() const noexcept {
  if (is_one(rc_)) __tsan_acquire(&all_that_was_sent);
  if (rc_.load(std::memory_order_acquire) == 1)
    request_deletion(false);
  else if (rc_.fetch_sub(1, std::memory_order_acq_rel) == 1)
    request_deletion(true);
}

void intrusive_ptr_release_weak(actor_control_block* actor) {
  if (actor->weak_refs.load(std::memory_order_acquire) == 1 ||
      actor->weak_refs.fetch_sub(1, std::memory_order_acq_rel) == 1)
    actor->block_dtor(actor);
}

void intrusive_ptr_release(actor_control_block* actor) {
  if (actor->strong_refs.fetch_sub(1, std::memory_order_acq_rel) > 1) return;
  actor->data_dtor(actor->get());
  intrusive_ptr_release_weak(actor);
}

} // namespace caf
