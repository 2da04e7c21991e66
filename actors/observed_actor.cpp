#include "actors/observed_actor.hpp"

#include <new>

namespace syngrad {

namespace {

// Exceptions end here and nowhere else. That of a device names the operators, that of a memory how much was asked for
// and is free.
std::string what_of(const std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const std::bad_alloc& reason) {
    return std::string(reason.what()) + "; a smaller batch, a smaller model or another device would help";
  } catch (const std::exception& reason) {
    return reason.what();
  } catch (...) {
    return "unknown exception";
  }
}

} // namespace

std::string title_of(const caf::actor& each) {
  const auto* known = dynamic_cast<const caf::local_actor*>(caf::actor_cast<caf::abstract_actor*>(each));
  return known ? known->name() : "an actor"; // or what stands in for one of another process
}

observed_actor::observed_actor(caf::actor_config& config, actor_context context, std::string title, actor_role role,
                               int index)
  : caf::event_based_actor(config), title_(std::move(title)), tracer_(context, role, index, title_),
    profiler_(context.profiler) {
  set_exception_handler([this](std::exception_ptr& thrown) -> caf::error {
    report_failure(what_of(thrown));
    return caf::sec::runtime_error;
  });
}

void observed_actor::report_failure(const std::string& what) {
  if (!coordinator_) return;
  const auto batch = current_batch();
  const auto during = batch == no_batch ? std::string() : ", batch " + std::to_string(batch);
  send(coordinator_, failure{context_for(no_batch), title_ + during + ": " + what, batch, false});
}

void observed_actor::enqueue(caf::mailbox_element_ptr element, caf::execution_unit* host) {
  std::int64_t none = 0;
  if (arrived_.load(std::memory_order_relaxed) == 0)
    arrived_.compare_exchange_strong(none, steady_now_ns(), std::memory_order_relaxed);
  if (tracer_.on()) tracer_.sent(*element, steady_now_ns());
  tsan_release(element.get());
  tsan_release(&mailbox_order_);
  caf::event_based_actor::enqueue(std::move(element), host);
}

caf::invoke_message_result observed_actor::consume(caf::mailbox_element& element) {
  tsan_acquire(&element);
  tsan_acquire(&handler_order_);
  const auto began = steady_now_ns();
  times_.begin(began, arrived_.exchange(0, std::memory_order_relaxed));
  if (tracer_.on()) tracer_.begins(element, began, weight_version());
  if (profiler_) profiler_->begin(title_.c_str());
  const auto outcome = caf::event_based_actor::consume(element);
  if (profiler_) profiler_->end();
  const auto ended = steady_now_ns();
  times_.end(ended, waits_for());
  if (tracer_.on()) tracer_.ends(ended, weight_version(), waits_for());
  tsan_release(&handler_order_);
  return outcome;
}

void observed_actor::initialize() {
  caf::event_based_actor::initialize();
  tracer_.lives(record_kind::spawn, steady_now_ns());
  tsan_release(&handler_order_);
}

bool observed_actor::cleanup(caf::error&& reason, caf::execution_unit* host) {
  tsan_acquire(&mailbox_order_);
  tsan_acquire(&handler_order_);
  tracer_.lives(record_kind::exit, steady_now_ns());
  const auto ended = caf::event_based_actor::cleanup(std::move(reason), host);
  tsan_release(&handler_order_);
  return ended;
}

void observed_actor::on_destroy() {
  tsan_acquire(&mailbox_order_);
  tsan_acquire(&handler_order_);
  caf::event_based_actor::on_destroy();
}

caf::behavior observed_actor::with_describe(caf::message_handler handlers) {
  return handlers.or_else(
    [this](const describe_request& asked) { asked.answer->set_value(title_ + ": " + describe()); });
}

} // namespace syngrad
