#include "actors/nodes/session_port.hpp"

namespace syngrad {

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

} // namespace syngrad
