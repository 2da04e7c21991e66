// The peer that waits. While it is away it looks whether the other process's port still takes connections: a port that
// refuses belongs to a process that has ended.
#include "actors/nodes/connection_probe.hpp"
#include "actors/nodes/peer_actor.hpp"

namespace syngrad {

namespace {

constexpr auto port_probe_limit = std::chrono::seconds(1);
constexpr auto probe_interval = std::chrono::milliseconds(500);

struct probe_now {
  std::uint64_t after = 0; // the session that was lost
};
struct probed {
  std::uint64_t after = 0;
  probe_result found;
};

} // namespace

} // namespace syngrad

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::probe_now)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::probed)

namespace syngrad {

namespace {

class accepting_peer : public peer_actor {
public:
  using peer_actor::peer_actor;

protected:
  caf::message_handler handlers() override {
    return {[this](arrival& came) { welcome_to(came); }, [this](const rival& other) { compare_with(other); },
            [this](keep_seat) { keeps_seat_ = true; }, [this](probe_now order) { probe(order); },
            [this](const probed& answer) { judge(answer); }};
  }

  void seek() override {
    if (!was_up()) return limit_time(context().settings.reconnect_for_s);
    send(this, probe_now{last_session()});
  }

  void abandon() override { thread_.finish(); }

private:
  void welcome_to(arrival& came) {
    session_port_handle port(system(), this);
    const auto number = last_session() + 1;
    caf::send_as(port.get(), came.remote, welcome{number, std::move(came.nonce)});
    establish(number, std::move(port), came.remote, identity_of(came.said));
  }

  void compare_with(const rival& other) {
    const auto &own = context().self.identity.name, &name = other.said.name;
    const bool lost = !up() && was_up();
    auto line = "a node of the name '" + name + "' is already with '" + own + "'; give this one another --name";
    if (keeps_seat_)
      line = lost ? "the run has lost the process '" + name +
                      "' that it began with, and what its groups had learnt; nobody takes its seat: start this one "
                      "again for the next run"
                  : "the run has begun with a process '" + name +
                      "', and takes no other: start this one again for the next run, under another --name if both are "
                      "to take part";
    caf::anon_send(other.remote, refused{line, !keeps_seat_});
    if (lost) die("another process of this name has taken its seat");
  }

  void probe(probe_now order) {
    if (up() || order.after != last_session() || setup().expected.address.port == 0) return;
    thread_.run([peer = caf::actor_cast<caf::actor>(this),
                 target = probe_target{setup().expected.address, "--advertise"}, order,
                 &names = names_](const stop_switch& stop) {
      caf::anon_send(peer, probed{order.after, probe_port(target, names, question_limit(port_probe_limit, &stop))});
    });
  }

  void judge(const probed& answer) {
    if (up() || answer.after != last_session()) return;
    if (answer.found.outcome == probe_result::kind::refuses) return die(port_refuses(setup().expected.address));
    wait_because("waits for " + title() + " to connect again");
    delayed_send(this, probe_interval, probe_now{answer.after});
  }

  bool keeps_seat_ = false; // the run has begun
  name_lookup names_;
  probe_thread thread_; // uses names_
};

} // namespace

caf::actor spawn_accepting_peer(caf::actor_system& system, peer_setup setup) {
  return system.spawn<accepting_peer, caf::detached>(std::move(setup));
}

} // namespace syngrad
