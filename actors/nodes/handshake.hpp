// The rules of the handshake, without actors: what a field may hold, what is signed, who is refused, and how that is
// said. Pure functions.
//
// With TLS, CAF checks only that the other side has some certificate of our CA. So each side also signs a statement
// with its certificate's key: both nonces, both names and both instances, and which side it is. A statement cannot be
// used again (nonces), by the other side (role) or in the name of another node (names). What remains is a node of the
// same CA that forwards a whole conversation: members of a cluster trust each other that far.
#pragma once

#include "actors/nodes/network_messages.hpp"
#include "actors/nodes/network_settings.hpp"
#include "actors/nodes/tls_credentials.hpp"

#include <optional>

namespace syngrad {

// What an initiator wants.
namespace role {
inline constexpr const char* node = "node";         // to take part in a coordinator's run
inline constexpr const char* peer = "peer";         // to be connected as the coordinator said
inline constexpr const char* observer = "observer"; // to see the roster
} // namespace role

inline constexpr std::size_t nonce_size = 32;

std::vector<char> random_nonce();
std::uint64_t random_instance(); // never 0

// What this process says of itself. `credentials` null: no TLS.
struct local_party {
  process_identity identity;
  std::shared_ptr<const tls_credentials> credentials;
};

hello make_hello(const local_party&, const std::string& role);
challenge make_challenge(const local_party& gatekeeper, const hello&, std::vector<char> nonce);
proof make_proof(const local_party& initiator, const hello&, const challenge&);

// Why it is refused, as a line for both sides; nothing where it is in order. The version comes first.
std::optional<std::string> fault_of(const hello&, const local_party& gatekeeper);
std::optional<std::string> fault_of(const challenge&, const hello&, const local_party& initiator);
std::optional<std::string> fault_of(const proof&, const hello&, const challenge&, const local_party& gatekeeper);

process_identity identity_of(const hello&);

// `text` without what a terminal or a log could stumble over, and not longer than `most`.
std::string printable(const std::string& text, std::size_t most = 64);

} // namespace syngrad
