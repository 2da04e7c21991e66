#include "actors/nodes/gatekeeper_actor.hpp"

#include "actors/time_account.hpp"

#include <algorithm>

namespace syngrad {

namespace {

constexpr std::size_t most_greeted = 256;
constexpr std::int64_t greeted_for_ns = 10'000'000'000;
constexpr auto owner_answers_within = std::chrono::seconds(10);

} // namespace

void limited_log::say(kind which, const std::string& line, std::int64_t now_ns) {
  constexpr std::int64_t second = 1'000'000'000;
  auto& seen = kinds_[static_cast<std::size_t>(which)];
  if (seen.ever && now_ns - seen.printed_ns < second) {
    ++seen.left_out;
    return;
  }
  if (print_) print_(seen.left_out == 0 ? line : line + " (and " + std::to_string(seen.left_out) + " more like it)");
  seen = {now_ns, 0, true};
}

gatekeeper_actor::gatekeeper_actor(caf::actor_config& config, std::shared_ptr<const node_context> context)
  : caf::event_based_actor(config), context_(std::move(context)), log_(context_->log) {
  set_default_handler(caf::drop); // whatever else a stranger sends
  set_exception_handler([this](std::exception_ptr&) -> caf::error {
    log_.say(limited_log::kind::malformed, "a message to the gatekeeper could not be handled", steady_now_ns());
    return caf::none;
  });
  set_down_handler([this](caf::down_msg& down) {
    std::erase_if(expected_, [&](const auto& entry) { return entry.second.peer.address() == down.source; });
    if (owner_ && owner_.address() == down.source) owner_ = nullptr;
  });
}

caf::behavior gatekeeper_actor::make_behavior() {
  return {[this](hello& said) { handle(said); }, [this](proof& said) { handle(said); },
          [this](set_owner& order) {
            owner_ = order.owner;
            monitor(owner_);
          },
          [this](expect_peer& order) {
            monitor(order.peer);
            expected_[order.instance] = {order.name, order.peer};
          }};
}

void gatekeeper_actor::on_exit() {
  owner_ = nullptr;
  expected_.clear();
  greeted_.clear();
}

void gatekeeper_actor::handle(hello& said) {
  const auto remote = caf::actor_cast<caf::actor>(current_sender());
  if (!remote) return;
  const auto now = steady_now_ns();
  if (const auto fault = fault_of(said, context_->self)) return refuse(remote, *fault, false);
  forget_old(now);
  auto asked = make_challenge(context_->self, said, random_nonce());
  caf::anon_send(remote, asked);
  greeted_.push_back({remote.address(), std::move(said), std::move(asked), now});
}

void gatekeeper_actor::handle(proof& said) {
  const auto remote = caf::actor_cast<caf::actor>(current_sender());
  if (!remote) return;
  const auto found = std::find_if(greeted_.begin(), greeted_.end(), [&](const greeted& one) {
    return one.remote == remote.address() && one.asked.nonce == said.nonce;
  });
  if (found == greeted_.end())
    return refuse(remote, "'" + context_->self.identity.name + "' did not ask for this proof, or too long ago", true);
  auto stranger = std::move(*found);
  greeted_.erase(found);
  if (const auto fault = fault_of(said, stranger.said, stranger.asked, context_->self))
    return refuse(remote, *fault, false);
  admit(stranger.said, std::move(stranger.asked.nonce), remote);
}

void gatekeeper_actor::admit(hello& said, std::vector<char> nonce, const caf::actor& remote) {
  if (said.role == role::observer) return show_roster(said, remote);
  if (const auto known = expected_.find(said.instance); known != expected_.end() && known->second.name == said.name)
    return caf::anon_send(known->second.peer, arrival{std::move(said), std::move(nonce), remote});
  for (const auto& [instance, entry] : expected_)
    if (entry.name == said.name) return caf::anon_send(entry.peer, rival{std::move(said), remote});
  if (said.role == role::node) return ask_owner(said, std::move(nonce), remote);
  refuse(remote, "'" + context_->self.identity.name + "' has not heard of '" + said.name + "' yet", true);
}

void gatekeeper_actor::ask_owner(hello& said, std::vector<char> nonce, const caf::actor& remote) {
  const auto own = "'" + context_->self.identity.name + "'";
  if (!owner_) return refuse(remote, own + " takes no nodes at the moment", true);
  request(owner_, owner_answers_within, join_request{identity_of(said)})
    .then(
      [this, said, nonce = std::move(nonce), remote](admission& decided) {
        if (!decided.peer) return refuse(remote, decided.refusal, decided.again);
        monitor(decided.peer);
        expected_[said.instance] = {said.name, decided.peer};
        caf::anon_send(decided.peer, arrival{said, nonce, remote});
      },
      [this, own, remote](const caf::error&) { refuse(remote, own + " is busy", true); });
}

void gatekeeper_actor::show_roster(const hello&, const caf::actor& remote) {
  const auto own = "'" + context_->self.identity.name + "'";
  if (!owner_) return refuse(remote, own + " coordinates no run at the moment", false);
  request(owner_, owner_answers_within, roster_request{})
    .then([remote](roster& nodes) { caf::anon_send(remote, std::move(nodes)); },
          [this, own, remote](const caf::error&) {
            refuse(remote, own + " coordinates no run: ask the process that was started with --listen", false);
          });
}

void gatekeeper_actor::refuse(const caf::actor& remote, const std::string& line, bool again) {
  if (!again) log_.say(limited_log::kind::refused, "refused: " + line, steady_now_ns());
  caf::anon_send(remote, refused{line, again});
}

void gatekeeper_actor::forget_old(std::int64_t now_ns) {
  while (!greeted_.empty() && now_ns - greeted_.front().since_ns > greeted_for_ns) greeted_.pop_front();
  if (greeted_.size() < most_greeted) return;
  greeted_.pop_front();
  log_.say(limited_log::kind::overloaded,
           "more than " + std::to_string(most_greeted) + " strangers at once: the oldest is forgotten", now_ns);
}

} // namespace syngrad
