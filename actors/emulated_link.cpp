#include "actors/emulated_link.hpp"

#include "actors/link_times.hpp"

#include <chrono>
#include <deque>
#include <fmt/core.h>
#include <mutex>
#include <utility>

namespace syngrad {

namespace {

// What it passes on never waits in its mailbox, nor for a thread of the actors: enqueue() hands it to the clock, which
// brings it back when its time has come, to be enqueued at the neighbour.
//
// Threads: enqueue() runs on the sender's, or the clock's; the mutex is around all that those and the actor's own
// share.
class emulated_link : public caf::event_based_actor {
public:
  emulated_link(caf::actor_config& config, actor_context context, emulated_link_setup setup)
    : caf::event_based_actor(config), title_(fmt::format("link group {} -> group {}", setup.from, setup.to)),
      tracer_(context, actor_role::link, setup.from << 16 | setup.to, title_), target_(std::move(setup.target)),
      counters_(std::move(setup.counters)), state_(std::move(setup.state)), times_(setup.conditions, setup.random) {}

  const char* name() const override { return title_.c_str(); }

  void enqueue(caf::mailbox_element_ptr element, caf::execution_unit* host) override {
    if (element->sender == ctrl()) return deliver(std::move(element));
    const bool passed = pass<activation>(element) || pass<gradient>(element) || pass<audit_gradient>(element) ||
                        pass<gradients_wanted>(element) || pass<credit>(element) || pass<flush_mark>(element) ||
                        pass<checkpoint_mark>(element) || pass<checkpoint_return>(element);
    if (!passed) caf::event_based_actor::enqueue(std::move(element), host);
  }

protected:
  caf::behavior make_behavior() override {
    return {[this](const describe_request& asked) { asked.answer->set_value(title_ + ": " + describe()); }};
  }

  void on_exit() override {
    const std::lock_guard lock(mutex_);
    target_ = nullptr;
  }

private:
  // False: it is no message of that type, and still there.
  template <class M>
  bool pass(caf::mailbox_element_ptr& element) {
    if (!element->content().match_elements<M>()) return false;
    const std::lock_guard lock(mutex_);
    if (!target_) return true; // the run has ended
    const auto& message = element->content().get_as<M>(0);
    const auto now = steady_now_ns();
    if (tracer_.on()) tracer_.sent(*element, now);
    const auto bytes = tensor_bytes(message);
    counters_->count(message, bytes, bytes);
    const auto arrives = times_.arrival_ns(now, bytes);
    forget_arrived(now);
    on_the_way_.push_back(arrives);
    state_->expect_until(arrives);
    const caf::actor_clock::time_point when{std::chrono::nanoseconds(arrives)};
    element->sender = ctrl(); // which is how deliver() knows it
    system().clock().schedule_message(when, ctrl(), std::move(element));
    return true;
  }

  void deliver(caf::mailbox_element_ptr element) {
    caf::actor target;
    {
      const std::lock_guard lock(mutex_);
      target = target_;
      const auto now = steady_now_ns();
      if (tracer_.on()) {
        tracer_.begins(*element, now, 0);
        tracer_.ends(now, 0, waiting_reason::input);
      }
    }
    if (target) caf::actor_cast<caf::abstract_actor*>(target)->enqueue(std::move(element), nullptr);
  }

  std::string describe() {
    const std::lock_guard lock(mutex_);
    const auto now = steady_now_ns();
    forget_arrived(now);
    if (on_the_way_.empty()) return "nothing is on the way";
    return fmt::format("{} messages on the way, the next arrives in {:.3f} s", on_the_way_.size(),
                       static_cast<double>(on_the_way_.front() - now) * 1e-9);
  }

  void forget_arrived(std::int64_t now_ns) {
    while (!on_the_way_.empty() && on_the_way_.front() <= now_ns) on_the_way_.pop_front();
  }

  std::string title_;
  std::mutex mutex_;
  message_tracer tracer_;
  caf::actor target_; // null once the run has ended
  std::shared_ptr<link_counters> counters_;
  std::shared_ptr<run_state> state_;
  link_times times_;
  std::deque<std::int64_t> on_the_way_; // when what has not arrived yet will
};

} // namespace

caf::actor spawn_emulated_link(caf::actor_system& system, actor_context context, emulated_link_setup setup) {
  return system.spawn<emulated_link>(context, std::move(setup));
}

} // namespace syngrad
