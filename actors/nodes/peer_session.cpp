#include "actors/nodes/peer_session.hpp"

#include "actors/links/link_messages.hpp"

namespace syngrad {

namespace {

// A peer that offers ends of links without end is no peer of ours; a run has some hundreds at most.
constexpr std::size_t most_links = 1 << 14;

} // namespace

session_port::session_port(caf::actor_config& config, const caf::actor& target, start how)
  : caf::monitorable_actor(config), target_(caf::actor_cast<caf::strong_actor_ptr>(target)), open_(how == start::open) {
}

void session_port::enqueue(caf::mailbox_element_ptr element, caf::execution_unit* host) {
  const auto& content = element->content();
  if (content.match_elements<caf::exit_msg>() || content.match_elements<caf::down_msg>()) return;
  caf::strong_actor_ptr target;
  exclusive_critical_section([&] {
    if (open_)
      target = target_;
    else if (target_)
      kept_.push_back(std::move(element));
  });
  if (target && element) target->enqueue(std::move(element), host);
}

void session_port::open() {
  exclusive_critical_section([&] {
    open_ = true;
    if (target_)
      for (auto& element : kept_) target_->enqueue(std::move(element), nullptr);
    kept_.clear();
  });
}

void session_port::on_cleanup(const caf::error&) {
  target_ = nullptr;
  kept_.clear();
}

session_port_handle::session_port_handle(caf::actor_system& system, const caf::actor& target, session_port::start how) {
  caf::actor_config config;
  port_ =
    caf::make_actor<session_port, caf::actor>(system.next_actor_id(), system.node(), &system, config, target, how);
}

session_port_handle::session_port_handle(session_port_handle&& other) noexcept : port_(other.port_) {
  other.port_ = nullptr;
}

session_port_handle& session_port_handle::operator=(session_port_handle&& other) noexcept {
  std::swap(port_, other.port_);
  return *this;
}

session_port& session_port_handle::port() const {
  return *static_cast<session_port*>(caf::actor_cast<caf::abstract_actor*>(port_));
}

void session_port_handle::open() {
  if (port_) port().open();
}

void session_port_handle::close() {
  if (!port_) return;
  port().cleanup(caf::exit_reason::normal, nullptr);
  port_ = nullptr;
}

peer_session::peer_session(caf::actor_system& system, std::uint64_t number, session_port_handle port, caf::actor remote)
  : system_(system), number_(number), port_(std::move(port)), remote_(std::move(remote)) {}

void peer_session::add_local(std::uint32_t number, const caf::actor& link) {
  auto& joined = links_[number];
  joined.local = link;
  joined.port = session_port_handle(system_, link, session_port::start::held);
  caf::anon_send(remote_, link_offer{number_, number, joined.port.get()});
  join(joined);
}

void peer_session::add_remote(const link_offer& offer) {
  if (!offer.end || links_.size() >= most_links) return;
  auto& joined = links_[offer.number];
  if (joined.up) return;
  joined.remote = offer.end;
  join(joined);
}

void peer_session::forget(std::uint32_t number) {
  links_.erase(number);
}

// The other end may send as soon as its own peer has our offer: what comes is held until our link knows the session.
void peer_session::join(joint& joined) {
  if (!joined.local || !joined.remote || joined.up) return;
  joined.up = true;
  caf::anon_send(joined.local, link_up{joined.remote, number_});
  joined.port.open();
}

void peer_session::close(const std::string& why) {
  port_.close();
  for (auto& [number, joined] : links_) {
    joined.port.close();
    if (joined.up) caf::anon_send(joined.local, link_down{why});
  }
  links_.clear();
  remote_ = nullptr;
}

} // namespace syngrad
