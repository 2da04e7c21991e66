// A scheduled actor whose order ThreadSanitizer knows: tsan_ordered<caf::event_based_actor> is a base to derive actors
// from. In every other build it *is* that class.
//
// It declares what CAF guarantees, and no more:
//
// | CAF guarantees                                         | release                    | acquire
// |--------------------------------------------------------|----------------------------|---------------------------
// | a message is handled after it was sent                 | element, in enqueue()      | element, in consume()
// | an actor handles one message after the other, on       | sequence, after consume(), | sequence, in initialize()
// | whichever thread, and not before it was initialised    | launch() and initialize()  | and consume()
// | unhandled messages and the actor's own state are       | mailbox, in enqueue(); and | mailbox and sequence, in
// | freed after all that                                   | sequence, after cleanup()  | cleanup() and on_destroy()
//
// Messages are ordered one by one and not by their receiver: a sender that writes to memory that it has already sent
// is still found (tests/support/planted_race.cpp).
#pragma once

#include "actors/tsan_annotations.hpp"

#include <caf/all.hpp>

#include <utility>

namespace syngrad {

#ifndef SYNGRAD_TSAN

template <class Base>
using tsan_ordered = Base;

#else

template <class Base>
class tsan_ordered : public Base {
public:
  using Base::Base;
  using Base::enqueue;

  void launch(caf::execution_unit* host, bool lazy, bool hide) override {
    tsan_release(&sequence_);
    Base::launch(host, lazy, hide);
  }

  // On the sender's thread. Once the base has it, the element may be gone.
  void enqueue(caf::mailbox_element_ptr element, caf::execution_unit* host) override {
    tsan_release(element.get());
    tsan_release(&mailbox_);
    Base::enqueue(std::move(element), host);
  }

  caf::invoke_message_result consume(caf::mailbox_element& element) override {
    tsan_acquire(&element);
    tsan_acquire(&sequence_);
    const auto outcome = Base::consume(element);
    tsan_release(&sequence_);
    return outcome;
  }

  bool cleanup(caf::error&& reason, caf::execution_unit* host) override {
    tsan_acquire(&mailbox_);
    tsan_acquire(&sequence_);
    const auto first = Base::cleanup(std::move(reason), host);
    tsan_release(&sequence_);
    return first;
  }

  void on_destroy() override {
    tsan_acquire(&mailbox_);
    tsan_acquire(&sequence_);
    Base::on_destroy();
  }

protected:
  void initialize() override {
    tsan_acquire(&sequence_);
    Base::initialize();
    tsan_release(&sequence_);
  }

private:
  char mailbox_ = 0; // only the addresses matter
  char sequence_ = 0;
};

#endif

} // namespace syngrad
