#include "actors/emulated_link.hpp"

#include "actors/link_times.hpp"

#include <chrono>
#include <deque>
#include <fmt/core.h>
#include <utility>

namespace syngrad {

namespace {

class emulated_link : public observed_actor {
public:
  emulated_link(caf::actor_config& config, actor_context context, emulated_link_setup setup)
    : observed_actor(config, context, fmt::format("link group {} -> group {}", setup.from, setup.to), actor_role::link,
                     setup.from << 16 | setup.to),
      target_(std::move(setup.target)), counters_(std::move(setup.counters)), state_(std::move(setup.state)),
      schedule_(setup.conditions, setup.random) {}

protected:
  caf::behavior make_behavior() override {
    return with_describe({on(&emulated_link::pass<activation>), on(&emulated_link::pass<gradient>),
                          on(&emulated_link::pass<audit_gradient>), on(&emulated_link::pass<gradients_wanted>),
                          on(&emulated_link::pass<credit>), on(&emulated_link::pass<flush_mark>)});
  }

  std::string describe() override {
    const auto now = steady_now_ns();
    forget_arrived(now);
    if (on_the_way_.empty()) return "nothing is on the way";
    return fmt::format("{} messages on the way, the next arrives in {:.3f} s", on_the_way_.size(),
                       static_cast<double>(on_the_way_.front() - now) * 1e-9);
  }

  void on_exit() override {
    target_ = nullptr;
    observed_actor::on_exit();
  }

private:
  template <class M>
  void pass(M& message) {
    const auto bytes = tensor_bytes(message);
    counters_->count(message, bytes, bytes);
    const auto arrives = schedule_.arrival_ns(message.context.sent_ns, bytes);
    forget_arrived(steady_now_ns());
    on_the_way_.push_back(arrives);
    state_->expect_until(arrives);
    const caf::actor_clock::time_point when{std::chrono::nanoseconds(arrives)};
    system().clock().schedule_message(when, caf::actor_cast<caf::strong_actor_ptr>(target_),
                                      caf::make_mailbox_element(ctrl(), caf::make_message_id(), {}, message));
  }

  void forget_arrived(std::int64_t now_ns) {
    while (!on_the_way_.empty() && on_the_way_.front() <= now_ns) on_the_way_.pop_front();
  }

  caf::actor target_;
  std::shared_ptr<link_counters> counters_;
  std::shared_ptr<run_state> state_;
  link_times schedule_;
  std::deque<std::int64_t> on_the_way_; // when what has not arrived yet will
};

} // namespace

caf::actor spawn_emulated_link(caf::actor_system& system, actor_context context, emulated_link_setup setup) {
  return system.spawn<emulated_link>(context, std::move(setup));
}

} // namespace syngrad
