#include "actors/nodes/random_node_id.hpp"

#include "actors/nodes/handshake.hpp"

#include <cstring>

namespace syngrad {

void random_node_id::init(caf::actor_system_config&) {
  caf::node_id::default_data::host_id_type host{};
  const auto random = random_nonce();
  static_assert(sizeof host + sizeof(std::uint32_t) <= nonce_size);
  std::memcpy(host.data(), random.data(), host.size());
  std::uint32_t process = 0;
  std::memcpy(&process, random.data() + host.size(), sizeof process);
  // The system hands out a constant reference to a member that is not constant.
  const_cast<caf::node_id&>(system_.node()) = caf::make_node_id(process | 1, host);
}

} // namespace syngrad
