// The base of all actors of a run: knows which message is being handled, keeps the account of time, has messages
// recorded, and turns an exception that leaves a handler into a `failure` for the coordinator.
//
// Threads: enqueue() runs on the sender's thread; everything else on the actor's.
#pragma once

#include "actors/message_tracer.hpp"
#include "actors/messages.hpp"
#include "actors/sanitizers.hpp"
#include "actors/time_account.hpp"

#include <caf/all.hpp>

#include <atomic>
#include <functional>
#include <typeinfo>

namespace syngrad {

// "group 3", "predictor 0", for people; of an actor that is not observed its kind: "peer".
std::string title_of(const caf::actor&);

class observed_actor : public caf::event_based_actor {
public:
  observed_actor(caf::actor_config& config, actor_context context, std::string title,
                 actor_role role = actor_role::other, int index = 0);

  const std::string& title() const { return title_; } // for people

  void enqueue(caf::mailbox_element_ptr element, caf::execution_unit* host) override;
  caf::invoke_message_result consume(caf::mailbox_element& element) override;
  const char* name() const override { return title_.c_str(); }
  void initialize() override;
  void on_destroy() override;
  bool cleanup(caf::error&& reason, caf::execution_unit* host) override;

protected:
  // A handler for messages of type M that notes their context as the cause of what is sent meanwhile.
  template <class Self, class M>
  auto on(void (Self::*handler)(M&)) {
    return [this, handler](M& message) {
      current_ = 0;
      current_batch_ = no_batch;
      if constexpr (requires { message.context; }) {
        current_ = message.context.id;
        current_batch_ = message.context.batch;
      }
      (static_cast<Self*>(this)->*handler)(message);
    };
  }

  message_context context_for(std::uint64_t batch, std::uint32_t version = 0) {
    return caused_by(current_, batch, version);
  }
  // Of a message whose cause is not the one that is being handled.
  message_context caused_by(std::uint64_t cause, std::uint64_t batch, std::uint32_t version) {
    return {tracer_.origin() | ++sequence_, cause, steady_now_ns(), batch, version};
  }
  std::uint64_t handled_message() const { return current_; }

  // For links: `message` leaves the process, or has come, over `edge`, as `bytes` on the wire.
  template <class M>
  void crosses(record_kind serialize_or_deserialize, const M& message, std::uint32_t neighbour, edge_id edge,
               std::size_t bytes) {
    if (tracer_.on())
      tracer_.crosses(serialize_or_deserialize, typeid(M), message.context, neighbour, edge, bytes, steady_now_ns());
  }

  // Sends `message` to this actor, from any thread, once `work` is past what is enqueued on it now.
  template <class M>
  void when_complete(stream& work, M message) {
    work.on_complete(
      [self = caf::actor_cast<caf::actor>(this), message = std::move(message)] { caf::anon_send(self, message); });
  }

  virtual std::string describe() = 0; // one line: what it waits for, what it holds
  virtual waiting_reason waits_for() const { return waiting_reason::input; }
  // The batch that a failure now is about: the message's, unless the actor knows better. May be no_batch.
  virtual std::uint64_t current_batch() const { return current_batch_; }
  virtual std::uint32_t weight_version() const { return 0; }

  caf::behavior with_describe(caf::message_handler handlers);

  void report_failures_to(caf::actor coordinator) { coordinator_ = std::move(coordinator); }
  const caf::actor& coordinator() const { return coordinator_; }
  time_account& times() { return times_; }

  void on_exit() override { coordinator_ = nullptr; }

  // An exception has left a handler: says so to the coordinator, after which this actor ends.
  virtual void report_failure(const std::string& what);

private:
  std::string title_;
  message_tracer tracer_;
  profiler_ranges* profiler_; // null: none
  std::uint64_t sequence_ = 0;
  std::uint64_t current_ = 0;
  std::uint64_t current_batch_ = no_batch;
  std::atomic<std::int64_t> arrived_{0}; // of the first message since the last handler began; 0: none
  time_account times_;
  std::byte mailbox_order_{}, handler_order_{}; // addresses for sanitizers.hpp
  caf::actor coordinator_;
};

} // namespace syngrad
