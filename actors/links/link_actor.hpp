// What the two ends of a link have in common: the other end's handle, the life of the connection, the way to fail.
#pragma once

#include "actors/link_counters.hpp"
#include "actors/links/link_messages.hpp"
#include "actors/observed_actor.hpp"

#include <cstdio>
#include <memory>
#include <string>

namespace syngrad {

class link_actor : public observed_actor {
public:
  link_actor(caf::actor_config& config, actor_context context, std::string title, std::uint32_t number,
             std::shared_ptr<link_counters> counters)
    : observed_actor(config, context, std::move(title), actor_role::link, static_cast<int>(number)),
      counters_(counters ? std::move(counters) : std::make_shared<link_counters>()) {}

protected:
  void handle_dead(link_dead& gone) { end_with(gone.why); }

  // A failure for the coordinator, where there is one, and the end of the actor with the same words.
  void fail(const std::string& why) {
    if (coordinator()) send(coordinator(), failure{context_for(no_batch), title() + ": " + why, no_batch, false});
    end_with(why);
  }
  void end_with(const std::string& why) { quit(caf::make_error(caf::sec::runtime_error, title() + ": " + why)); }

  const caf::actor& remote() const { return remote_; }
  void hear() { heard_ns_ = times().began(); } // something came from there, in the handler that runs
  // The end of a line that says what it waits for: "; session 2, heard of 0.3 s ago".
  std::string session_text(std::uint64_t session) const;
  void set_remote(caf::actor remote) { remote_ = std::move(remote); }
  link_counters& counters() { return *counters_; }
  void count(const link_message&, std::size_t payload_bytes, std::size_t wire_bytes);

  void on_exit() override {
    remote_ = nullptr;
    observed_actor::on_exit();
  }

private:
  std::int64_t heard_ns_ = 0;
  caf::actor remote_; // null while there is no connection
  std::shared_ptr<link_counters> counters_;
};

inline std::string link_actor::session_text(std::uint64_t session) const {
  if (session == 0) return "; no session yet";
  char ago[64] = "nothing heard";
  if (heard_ns_ != 0)
    std::snprintf(ago, sizeof ago, "heard of %.1f s ago", static_cast<double>(steady_now_ns() - heard_ns_) * 1e-9);
  return "; session " + std::to_string(session) + (remote_ ? " is up, " : " is down, ") + ago;
}

inline void link_actor::count(const link_message& message, std::size_t payload_bytes, std::size_t wire_bytes) {
  std::visit([&](const auto& each) { counters_->count(each, payload_bytes, wire_bytes); }, message);
}

} // namespace syngrad
