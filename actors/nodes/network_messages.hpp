// What processes say to each other before and beside their links. The only messages of this folder that cross the
// network; everything else between the actors here stays in its process, because it has no name on the wire.
//
//  from        to           message      when
//  initiator   gatekeeper   hello        first, over a fresh connection
//  gatekeeper  initiator    refused      instead of any answer: a line that names both sides; `again` where it may pass
//  later gatekeeper  initiator    challenge    the hello is in order; holds the proof of the gatekeeper's name
//  initiator   gatekeeper   proof        of the initiator's name
//  gatekeeper  observer     roster       the proof of an observer is in order
//  acceptor    initiator    welcome      the proof is in order, and so the session has begun
//  peer        peer         link_offer   here is the end of a link, in this session
//  peer        peer         clock_ping -> clock_pong
//  peer        peer         rate_chunk -> rate_answer   how fast bytes pass
//
// Versions: `hello` and `refused` never change, so that any two versions understand why they do not go together.
// Everything else belongs to one protocol_version. The receiver bounds every field itself (handshake.hpp).
#pragma once

#include "actors/nodes/roster.hpp"

#include <caf/all.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace syngrad {

inline constexpr std::uint32_t protocol_version = 7;

struct hello {
  std::uint32_t protocol = 0;
  std::string version; // of the program
  std::string name;
  std::uint64_t instance = 0;
  std::string role; // handshake.hpp
  std::string host; // where the initiator itself listens
  std::uint16_t port = 0;
  std::vector<char> nonce;
};

struct refused {
  std::string line;
  bool again = false;
};

struct challenge {
  std::string version, name;
  std::uint64_t instance = 0;
  std::vector<char> nonce;
  std::vector<char> hello_nonce; // of the hello
  std::string certificate;       // PEM; this and the signature are empty without TLS
  std::vector<char> signature;
};

struct proof {
  std::vector<char> nonce; // of the challenge
  std::string certificate;
  std::vector<char> signature;
};

struct welcome {
  std::uint64_t session = 0;
  std::vector<char> nonce; // of the challenge
};

struct roster {
  std::vector<roster_entry> nodes;
};

struct link_offer {
  std::uint64_t session = 0;
  std::uint32_t number = 0;
  caf::actor end;
};

struct clock_ping {
  std::uint64_t session = 0;
  std::int64_t t0 = 0; // steady clock of the sender, ns
};
struct clock_pong {
  std::uint64_t session = 0;
  std::int64_t t0 = 0, t1 = 0, t2 = 0;
};

struct rate_chunk {
  std::uint64_t session = 0;
  std::int64_t began = 0;   // of the measurement, on the sender's clock
  std::uint32_t follow = 0; // how many chunks come after this one
  std::vector<char> bytes;
};
struct rate_answer { // to the last chunk
  std::uint64_t session = 0;
  std::int64_t began = 0;
};

template <class Inspector>
auto inspect(Inspector& f, hello& x) {
  return f(caf::meta::type_name("hello"), x.protocol, x.version, x.name, x.instance, x.role, x.host, x.port, x.nonce);
}
template <class Inspector>
auto inspect(Inspector& f, refused& x) {
  return f(caf::meta::type_name("refused"), x.line, x.again);
}
template <class Inspector>
auto inspect(Inspector& f, challenge& x) {
  return f(caf::meta::type_name("challenge"), x.version, x.name, x.instance, x.nonce, x.hello_nonce, x.certificate,
           x.signature);
}
template <class Inspector>
auto inspect(Inspector& f, proof& x) {
  return f(caf::meta::type_name("proof"), x.nonce, x.certificate, x.signature);
}
template <class Inspector>
auto inspect(Inspector& f, welcome& x) {
  return f(caf::meta::type_name("welcome"), x.session, x.nonce);
}
template <class Inspector>
auto inspect(Inspector& f, roster_entry& x) {
  return f(caf::meta::type_name("roster_entry"), x.node, x.name, x.host, x.port, x.version, x.state, x.devices,
           x.groups, x.bytes_per_second, x.round_trip_ns, x.last_heard_ms);
}
template <class Inspector>
auto inspect(Inspector& f, roster& x) {
  return f(caf::meta::type_name("roster"), x.nodes);
}
template <class Inspector>
auto inspect(Inspector& f, link_offer& x) {
  return f(caf::meta::type_name("link_offer"), x.session, x.number, x.end);
}
template <class Inspector>
auto inspect(Inspector& f, clock_ping& x) {
  return f(caf::meta::type_name("clock_ping"), x.session, x.t0);
}
template <class Inspector>
auto inspect(Inspector& f, clock_pong& x) {
  return f(caf::meta::type_name("clock_pong"), x.session, x.t0, x.t1, x.t2);
}
template <class Inspector>
auto inspect(Inspector& f, rate_chunk& x) {
  return f(caf::meta::type_name("rate_chunk"), x.session, x.began, x.follow, x.bytes);
}
template <class Inspector>
auto inspect(Inspector& f, rate_answer& x) {
  return f(caf::meta::type_name("rate_answer"), x.session, x.began);
}

} // namespace syngrad

// Far from the numbers of other blocks; in this CAF they only have to differ within a program.
CAF_BEGIN_TYPE_ID_BLOCK(syngrad_nodes, caf::first_custom_type_id + 200)
CAF_ADD_TYPE_ID(syngrad_nodes, (syngrad::hello))
CAF_ADD_TYPE_ID(syngrad_nodes, (syngrad::refused))
CAF_ADD_TYPE_ID(syngrad_nodes, (syngrad::challenge))
CAF_ADD_TYPE_ID(syngrad_nodes, (syngrad::proof))
CAF_ADD_TYPE_ID(syngrad_nodes, (syngrad::welcome))
CAF_ADD_TYPE_ID(syngrad_nodes, (syngrad::roster_entry))
CAF_ADD_TYPE_ID(syngrad_nodes, (syngrad::roster))
CAF_ADD_TYPE_ID(syngrad_nodes, (syngrad::link_offer))
CAF_ADD_TYPE_ID(syngrad_nodes, (syngrad::clock_ping))
CAF_ADD_TYPE_ID(syngrad_nodes, (syngrad::clock_pong))
CAF_ADD_TYPE_ID(syngrad_nodes, (syngrad::rate_chunk))
CAF_ADD_TYPE_ID(syngrad_nodes, (syngrad::rate_answer))
CAF_END_TYPE_ID_BLOCK(syngrad_nodes)
