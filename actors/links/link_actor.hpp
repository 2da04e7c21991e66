// What the two ends of a link have in common: the other end's handle, the life of the connection, the way to fail.
#pragma once

#include "actors/links/link_counters.hpp"
#include "actors/links/link_messages.hpp"
#include "actors/observed_actor.hpp"

#include <memory>

namespace syngrad {

class link_actor : public observed_actor {
public:
  link_actor(caf::actor_config& config, actor_place place, std::string title, std::uint32_t number,
             std::shared_ptr<link_counters> counters)
    : observed_actor(config, place, std::move(title), actor_role::link, static_cast<int>(number)),
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
  void set_remote(caf::actor remote) { remote_ = std::move(remote); }
  link_counters& counters() { return *counters_; }

  void on_exit() override {
    remote_ = nullptr;
    observed_actor::on_exit();
  }

private:
  caf::actor remote_; // null while there is no connection
  std::shared_ptr<link_counters> counters_;
};

} // namespace syngrad
