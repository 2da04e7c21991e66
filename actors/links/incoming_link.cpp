#include "actors/links/link_ends.hpp"

#include "actors/links/link_actor.hpp"
#include "actors/links/link_packets.hpp"
#include "actors/links/link_protocol.hpp"
#include "actors/links/message_codec.hpp"

#include <chrono>
#include <fmt/core.h>

namespace syngrad {

namespace {

struct receipt_due {}; // to itself, a little after something came

constexpr std::chrono::milliseconds receipt_delay{5};

} // namespace

} // namespace syngrad

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::receipt_due)

namespace syngrad {

namespace {

class incoming_link : public link_actor {
public:
  incoming_link(caf::actor_config& config, actor_context context, incoming_link_setup setup)
    : link_actor(config, context, setup.title, setup.number, std::move(setup.counters)),
      target_(std::move(setup.target)), edge_(setup.edge), receiver_(setup.options.credit_bytes),
      decoder_(setup.host->make_stream(), setup.options) {}

protected:
  caf::behavior make_behavior() override {
    return with_describe({
      on(&incoming_link::handle_chunk),
      on(&incoming_link::handle_probe),
      on(&incoming_link::handle_up),
      on(&incoming_link::handle_down),
      on(&incoming_link::handle_dead),
      on(&incoming_link::handle_due),
    });
  }

  std::string describe() override {
    const auto so_far =
      " (" + std::to_string(receiver_.expected()) + " chunks so far)" + session_text(receiver_.session());
    if (!remote()) return "waits for a connection to the other end (" + why_away_ + ")" + so_far;
    if (!decoder_.between_frames()) return "waits for the rest of a message" + so_far;
    return "waits for the next message" + so_far;
  }

  void on_exit() override {
    target_ = nullptr;
    link_actor::on_exit();
  }

private:
  void handle_chunk(chunk_packet&);
  void handle_probe(link_probe& probe) {
    hear();
    answer(receiver_.take(probe));
  }
  void handle_up(link_up&);
  void handle_down(link_down& lost) {
    why_away_ = lost.why;
    set_remote(nullptr);
  }
  void handle_due(receipt_due&);

  bool has_right_sum(const chunk_packet&);
  void take(const chunk_bytes&);
  void deliver(link_message&);
  void answer(const std::optional<link_receipt>& receipt) {
    if (receipt && remote()) send(remote(), *receipt);
  }

  caf::actor target_;
  edge_id edge_;
  link_receiver receiver_;
  frame_decoder decoder_;
  chunk_sum sum_;
  std::string why_away_ = "it was never there";
  bool due_soon_ = false;
};

void incoming_link::handle_up(link_up& connection) {
  if (connection.session <= receiver_.session()) return;
  set_remote(std::move(connection.remote));
  hear();
  answer(receiver_.up(connection.session));
}

void incoming_link::handle_chunk(chunk_packet& chunk) {
  using verdict = link_receiver::verdict;
  hear();
  const auto taken = receiver_.take(chunk.label, chunk.bytes.size(), has_right_sum(chunk));
  counters().repeated_chunks = receiver_.dropped();
  counters().damaged_chunks = receiver_.damaged();
  if (taken.what == verdict::refused) {
    fail(fmt::format("the bytes of chunk {} were damaged on the way every time; use TLS, which tells who damages them, "
                     "or another network",
                     receiver_.expected()));
    return;
  }
  if (taken.what == verdict::take) {
    counters().chunk_bytes += chunk.bytes.size();
    take(chunk.bytes);
  }
  answer(taken.receipt);
  if (!receiver_.owes_receipt() || due_soon_) return;
  due_soon_ = true;
  delayed_send(this, receipt_delay, receipt_due{});
}

void incoming_link::handle_due(receipt_due&) {
  due_soon_ = false;
  if (receiver_.owes_receipt()) answer(receiver_.receipt());
}

bool incoming_link::has_right_sum(const chunk_packet& chunk) {
  sum_.begin(chunk.label.sequence);
  chunk.bytes.for_each_piece([this](const char* data, std::size_t count) { sum_.add(data, count); });
  return sum_.get() == chunk.sum;
}

void incoming_link::take(const chunk_bytes& bytes) {
  bool whole = false;
  std::string fault;
  bytes.for_each_piece([&](const char* data, std::size_t count) {
    if (!fault.empty()) return;
    auto step = decoder_.take(data, count);
    if (!step) {
      fault = step.message();
    } else if (*step) {
      if (std::exchange(whole, true)) fault = "a chunk holds two messages";
      deliver(**step);
    }
  });
  if (!fault.empty()) fail(fault);
}

void incoming_link::deliver(link_message& message) {
  count(message, decoder_.payload_bytes(), decoder_.frame_bytes());
  if (const auto rank = decoder_.factor_rank(); rank > 0) {
    counters().factored += 1;
    counters().factor_ranks += static_cast<std::uint64_t>(rank);
    counters().factors_lost = counters().factors_lost + decoder_.factors_lose();
  }
  std::visit(
    [this](auto& each) {
      crosses(record_kind::deserialize, each, sender_of(each.context.id), edge_, decoder_.frame_bytes());
      send(target_, std::move(each));
    },
    message);
}

} // namespace

caf::actor spawn_incoming_link(caf::actor_system& system, actor_context context, incoming_link_setup setup) {
  return system.spawn<incoming_link>(context, std::move(setup));
}

} // namespace syngrad
