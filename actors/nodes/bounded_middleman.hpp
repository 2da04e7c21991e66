// CAF's network module, but for what a stranger may claim in the header of a frame: a payload of any length, which CAF
// takes memory for at once (up to 4 GiB), or none in a handshake, which CAF 0.17 reads all the same (through a null
// pointer). A connection that claims either is closed before CAF looks at it.
//
// Load it in place of caf::io::middleman. The check runs on the network's thread.
#pragma once

#include <caf/io/middleman.hpp>

#include <cstddef>

namespace syngrad {

// A chunk of a link is 1 MiB at most, and so is everything else that nodes say.
constexpr std::size_t longest_frame = std::size_t{16} << 20;

class bounded_middleman : public caf::io::middleman {
public:
  static caf::actor_system::module* make(caf::actor_system& system, caf::detail::type_list<>);

  void start() override;

protected:
  explicit bounded_middleman(caf::actor_system& system) : middleman(system) {}
};

} // namespace syngrad
