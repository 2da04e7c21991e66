// The peer that connects. An attempt is: look who is there (connection_probe), have CAF connect, shake hands. It has a
// limit of time, and a number, so that what comes late from an earlier one is known.
//
//  step         event                          then
//  -            retry                          probing
//  probing      open                           connecting
//  probing      refused, after it was up       dead: its process has ended
//  probing      refused again and again, role peer   dead: it runs, and so that is not where it is reached
//  probing      another certificate, again and again   dead, where it was never up; once may be a damaged bit
//  connecting   a gatekeeper                   greeting: hello
//  greeting     challenge, in order            proving: proof
//  greeting     challenge of another instance  dead: it was started again
//  proving      welcome                        up
//  any          refused (again)                -, retry later
//  any          refused                        dead
//  any          error, loss, limit             -, retry later
//
// CAF's own traps on this way: its connecting actor hands out a gatekeeper whose connection is already lost, until it
// has heard of the loss; an old
// stand-in's end can take a new one along. All of them end an attempt, and the next one passes.
#include "actors/nodes/addresses.hpp"
#include "actors/nodes/connection_probe.hpp"
#include "actors/nodes/peer_actor.hpp"

#include <algorithm>
#include <set>

namespace syngrad {

namespace {

using milliseconds = std::chrono::milliseconds;
constexpr auto node_probe_limit = milliseconds(2000);
constexpr auto attempt_limit = milliseconds(8000);
constexpr auto first_pause = milliseconds(50);
constexpr auto longest_pause = milliseconds(1000);
constexpr int most_distrusted = 3; // in a row
constexpr int most_refusals = 6;   // in a row, over 1.5 s; the coordinator had a connection to that process just now

struct retry {
  std::uint64_t attempt = 0; // after this one
};
struct attempt_over {
  std::uint64_t attempt = 0;
};
struct probe_answer {
  std::uint64_t attempt = 0;
  probe_result found;
};

} // namespace

} // namespace syngrad

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::retry)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::attempt_over)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::probe_answer)

namespace syngrad {

namespace {

// What said where the other process is.
std::string name_of_address(const std::string& of_role) {
  return of_role == role::node ? "--join" : "the address that it gave";
}

class initiating_peer : public peer_actor {
public:
  initiating_peer(caf::actor_config& config, peer_setup setup, std::string role, double first_for_s)
    : peer_actor(config, std::move(setup)), role_(std::move(role)), first_for_s_(first_for_s),
      address_(this->setup().expected.address), named_by_(name_of_address(role_)),
      instance_(this->setup().expected.instance) {}

protected:
  caf::message_handler handlers() override {
    return {[this](retry order) {
              if (order.attempt == attempt_ && !up()) begin_attempt();
            },
            [this](attempt_over late) {
              if (late.attempt == attempt_ && !up())
                fail(to_text(address_) + " does not answer in time: it is busy, or stopped" + advice());
            },
            [this](const probe_answer& answer) { take_probe(answer); },
            [this](challenge& asked) { take_challenge(asked); },
            [this](welcome& given) { take_welcome(given); },
            [this](const refused& answer) { take_refusal(answer); }};
  }

  void seek() override {
    if (!was_up() && first_for_s_ > 0) limit_time(first_for_s_);
    pause_ = first_pause;
    begin_attempt();
  }

  void abandon() override {
    thread_.finish();
    port_.close();
    gatekeeper_ = nullptr;
  }

  void went_down(const caf::actor_addr& who) override {
    if (gatekeeper_ && gatekeeper_.address() == who) fail("the connection to " + to_text(address_) + " was lost");
  }

private:
  void begin_attempt() {
    const auto number = ++attempt_;
    trying_ = true;
    delayed_send(this, attempt_limit, attempt_over{number});
    thread_.run([peer = caf::actor_cast<caf::actor>(this), number, target = probe_target{address_, named_by_},
                 credentials = context().self.credentials, &names = names_](const stop_switch& stop) {
      const question_limit limit(node_probe_limit, &stop);
      caf::anon_send(peer, probe_answer{number, probe_node(target, credentials.get(), names, limit)});
    });
  }

  void take_probe(const probe_answer& answer) {
    using kind = probe_result::kind;
    if (answer.attempt != attempt_ || !trying_) return;
    const auto& found = answer.found;
    if (found.outcome == kind::refuses && was_up()) return die(port_refuses(address_));
    refusals_ = found.outcome == kind::refuses ? refusals_ + 1 : 0;
    const auto line = found.line + advice();
    distrusted_ = found.outcome == kind::untrusted ? distrusted_ + 1 : 0;
    if (distrusted_ >= most_distrusted && !was_up()) return die(line);
    if (is_told_address() && refusals_ >= most_refusals) return die(line);
    if (found.outcome != kind::open) return fail(line);
    // A name may have come to stand for something else since the start: what is connected to counts.
    const resolved_host meaning{{found.address.host}};
    if (auto allowed = check_exposure(context().settings, address_, meaning, named_by_); !allowed)
      return die(allowed.message());
    own_host_ = found.own_host;
    const auto number = attempt_;
    request(connector_of(system()), caf::infinite, caf::connect_atom_v, found.address.host, found.address.port)
      .then(
        [this, number](caf::node_id&, caf::strong_actor_ptr& gatekeeper, std::set<std::string>&) {
          if (number == attempt_ && trying_) greet(caf::actor_cast<caf::actor>(gatekeeper));
        },
        [this, number](const caf::error&) {
          if (number == attempt_ && trying_) fail("the connection to " + to_text(address_) + " was closed");
        });
  }

  // Whether the other process has told the coordinator where it is reached, and it was not reached there yet.
  bool is_told_address() const { return role_ == role::peer && !was_up(); }

  std::string advice() const {
    return is_told_address() ? "; if others reach it at another address, start it with --advertise HOST:PORT" : "";
  }

  void greet(caf::actor gatekeeper) {
    if (!gatekeeper) return fail(to_text(address_) + " lets nobody in: its process is just ending");
    gatekeeper_ = std::move(gatekeeper);
    monitor(gatekeeper_);
    port_ = session_port_handle(system(), this);
    said_ = make_hello(context().self, role_);
    if (is_every_address(said_.host)) said_.host = own_host_;
    caf::send_as(port_.get(), gatekeeper_, said_);
  }

  void take_challenge(challenge& asked) {
    if (!gatekeeper_ || asked.hello_nonce != said_.nonce) return;
    if (const auto fault = fault_of(asked, said_, context().self)) return was_up() ? fail(*fault) : die(*fault);
    if (instance_ != 0 && asked.instance != instance_)
      return die("at " + to_text(address_) + " is another process now: it was started again");
    if (!setup().expected.name.empty() && asked.name != setup().expected.name)
      return die("at " + to_text(address_) + " is '" + printable(asked.name) + "', not '" + setup().expected.name +
                 "'; check " + named_by_);
    gatekeeper_identity_ = {asked.name, asked.instance, asked.version, address_};
    challenge_nonce_ = asked.nonce;
    caf::send_as(port_.get(), gatekeeper_, make_proof(context().self, said_, asked));
  }

  void take_welcome(welcome& given) {
    const auto remote = caf::actor_cast<caf::actor>(current_sender());
    if (!gatekeeper_ || !remote || challenge_nonce_.empty() || given.nonce != challenge_nonce_) return;
    if (given.session <= last_session()) return fail(to_text(address_) + " counts connections backwards");
    instance_ = gatekeeper_identity_.instance;
    auto port = std::move(port_);
    end_attempt();
    establish(given.session, std::move(port), remote, gatekeeper_identity_);
  }

  void take_refusal(const refused& answer) {
    if (!gatekeeper_) return;
    const auto line = to_text(address_) + " says: " + printable(answer.line, 500);
    answer.again ? fail(line) : die(line);
  }

  void end_attempt() {
    if (gatekeeper_) demonitor(gatekeeper_);
    gatekeeper_ = nullptr;
    challenge_nonce_.clear();
    trying_ = false;
    port_.close();
  }

  void fail(const std::string& why) {
    if (!trying_) return;
    end_attempt();
    wait_because(why);
    delayed_send(this, pause_, retry{attempt_});
    pause_ = std::min(2 * pause_, longest_pause);
  }

  std::string role_;
  double first_for_s_;
  endpoint address_;
  std::string named_by_;
  std::string
    own_host_; // the way that leads there begins here: others are told so, of a process that listens everywhere
  std::uint64_t instance_; // 0: not known yet
  std::uint64_t attempt_ = 0;
  int refusals_ = 0, distrusted_ = 0; // in a row
  bool trying_ = false;
  milliseconds pause_ = first_pause;
  caf::actor gatekeeper_;
  session_port_handle port_;
  hello said_;
  std::vector<char> challenge_nonce_; // empty: none was in order yet
  process_identity gatekeeper_identity_;
  name_lookup names_;
  probe_thread thread_; // uses names_
};

} // namespace

caf::actor spawn_initiating_peer(caf::actor_system& system, peer_setup setup, const std::string& role,
                                 double first_for_s) {
  return system.spawn<initiating_peer, caf::detached>(std::move(setup), role, first_for_s);
}

} // namespace syngrad
