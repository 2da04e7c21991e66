// A module for CAF that gives this process a random node number.
//
// CAF 0.17 makes the number from the machine's network cards, its disk and the process number. Two containers that
// share a host's network, and a process that is started again in one, get the same number then; CAF takes the other
// for itself, or the new one for the old one.
#pragma once

#include <caf/all.hpp>

namespace syngrad {

class random_node_id : public caf::actor_system::module {
public:
  explicit random_node_id(caf::actor_system& system) : system_(system) {}

  void start() override {}
  void stop() override {}
  void init(caf::actor_system_config&) override;
  // Modules are initialised in the order of their numbers: this one comes after the middleman, which sets the node
  // number, and is otherwise unused here.
  id_t id() const override { return opencl_manager; }
  void* subtype_ptr() override { return this; }

  static caf::actor_system::module* make(caf::actor_system& system, caf::detail::type_list<>) {
    return new random_node_id(system); // the actor system owns it
  }

private:
  caf::actor_system& system_;
};

} // namespace syngrad
