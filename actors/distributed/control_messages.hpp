// What the coordinator's process and the nodes of a run say to each other, over a pair of control links for each node:
//
//  from          to            message        when
//  node          coordinator   introduction   first: what it brings along
//  coordinator   node          run_order      what to build, who else takes part, which groups go where
//  node          coordinator   built          its groups are built: a hash of each, or why it cannot
//  coordinator   node          open_links     all hashes are those that the coordinator found itself: join the others
//  node          coordinator   ready          its links stand, to every neighbour
//  coordinator   node          finish         the run has ended, or must: stop, and send what is asked for
//  node          coordinator   weights_part   a tensor of one of its groups; as many as there are
//  node          coordinator   trace_part     the next piece of a file of its trace
//  node          coordinator   done           nothing more is to come
//  coordinator   node          dismiss        all has arrived, or is no longer waited for: end
//  coordinator   node          tell_waits     the run makes no progress: what does each actor wait for?
//  node          coordinator   waits_told     the answer
//  coordinator   node          tell_weights   while the run goes on: save your weights as they are now, and send them
//  node          coordinator   weights_told   its weights_parts were sent before this, or why they cannot be
//  node          coordinator   trouble        at any time: the run must end, and why
//
// Payload of a control_message, little-endian, with texts and lists as length u32 and then their contents; the fields
// of each are in control_messages.cpp, in their order. What a length may be is checked before memory is taken. Data of
// the run itself (activations, gradients, reports) has links of its own.
#pragma once

#include "actors/links/link_messages.hpp"
#include "actors/setting_schema.hpp"
#include "actors/summary.hpp"
#include "runtime/device.hpp"
#include "runtime/result.hpp"
#include "runtime/shape.hpp"
#include "runtime/tensor.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace syngrad {

// Numbers of the wire: they never change.
enum class control_type : std::uint16_t {
  run_order = 1,
  built,
  open_links,
  ready,
  finish,
  weights_part,
  trace_part,
  done,
  dismiss,
  trouble,
  introduction,
  tell_waits,
  waits_told,
  tell_weights,
  weights_told,
};

struct introduction {
  static constexpr auto type = control_type::introduction;
  std::string devices; // "cpu,cuda:0"
  std::uint16_t threads = 1;
  double flops = 0; // multiply-adds a second of its threads together, as it measured them
};

struct run_member { // a process; number 0 is the coordinator's
  std::uint8_t node = 0;
  std::string name;
  std::string host; // where its gatekeeper is reached
  std::uint16_t port = 0;
  std::uint64_t instance = 0;
};

struct group_place {
  std::uint8_t node = 0;
  std::string device; // "cpu", "cuda:0"
};

struct run_order {
  static constexpr auto type = control_type::run_order;
  std::uint64_t run_id = 0;
  std::uint8_t node = 0;              // of the process that gets this
  std::vector<setting_text> settings; // of the run
  std::vector<run_member> members;    // by number
  std::vector<group_place> groups;    // bottom to top
  double peer_timeout_s = 10, reconnect_for_s = 60;
};

struct built {
  static constexpr auto type = control_type::built;
  struct group_hash {
    std::uint16_t group = 0;
    std::uint64_t hash = 0;
  };
  std::optional<error> failure;
  std::vector<group_hash> groups;
};

struct open_links {
  static constexpr auto type = control_type::open_links;
};
struct ready {
  static constexpr auto type = control_type::ready;
};
struct done {
  static constexpr auto type = control_type::done;
  std::optional<error> failure;    // some of it could not be sent
  std::vector<held_memory> memory; // of the sender's devices
};
struct dismiss {
  static constexpr auto type = control_type::dismiss;
  bool complete = true; // else some of what it sent is missing: it keeps its weights itself
};

struct tell_waits {
  static constexpr auto type = control_type::tell_waits;
  std::uint32_t number = 0; // of the question
};
struct waits_told {
  static constexpr auto type = control_type::waits_told;
  std::uint32_t number = 0; // of the question that is answered
  std::string text;         // process_part.hpp
  bool slow = false;        // rather than hung: an actor there computes, or something is on the way over a link
};

struct finish {
  static constexpr auto type = control_type::finish;
  std::uint8_t end = 0; // a run_end
  std::string why;      // where it failed
  bool send_weights = false;
  bool send_trace = false;
};

struct tell_weights {
  static constexpr auto type = control_type::tell_weights;
  std::uint32_t number = 1; // of the question
};
struct weights_told {
  static constexpr auto type = control_type::weights_told;
  std::uint32_t number = 1; // of the question that is answered
  std::optional<error> failure;
};

struct weights_part {
  static constexpr auto type = control_type::weights_part;
  std::string name;
  dtype kind = dtype::f32;
  std::vector<std::int64_t> extents;
  std::vector<char> bytes;
  std::uint32_t number = 0; // of the question that it answers; 0: they are the last ones
};

struct trace_part {
  static constexpr auto type = control_type::trace_part;
  std::string file; // its name in the folder of the trace
  std::vector<char> bytes;
};

struct trouble {
  static constexpr auto type = control_type::trouble;
  error why = error::internal(""); // interrupted, by who may: the run ends in order, as by Ctrl-C at the coordinator
};

// The extents of that tensor; fails where they are none, or are not those of its bytes.
result<shape> shape_of(const weights_part&);
// The tensor, in memory of the host; fails likewise.
result<tensor> tensor_of(const weights_part&, device& host);
// `value` is where the host reads it.
weights_part part_of(const std::string& name, const tensor& value, std::uint32_t number);

template <class M>
control_message encode(const M& message);
// Fails where the bytes are not those of such a message; says so of a broken peer.
template <class M>
result<M> decode(const control_message& message);

} // namespace syngrad
