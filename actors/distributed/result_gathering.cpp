#include "actors/distributed/result_gathering.hpp"

#include "actors/distributed/process_part.hpp"

#include <cstdio>
#include <fmt/core.h>
#include <utility>

namespace syngrad {

namespace {

constexpr std::chrono::seconds first_word_after{2};
constexpr std::chrono::seconds next_word_after{5};
constexpr std::chrono::seconds standstill{5}; // between two events, which come several times a second

std::string megabytes(std::uint64_t bytes) {
  char text[32];
  const auto value = static_cast<double>(bytes) * 1e-6;
  std::snprintf(text, sizeof text, value < 10 ? "%.1f" : "%.0f", value);
  return text;
}

std::string progress_of(const std::string& name, std::uint64_t bytes, std::uint64_t of) {
  return name + ": " + megabytes(bytes) + " of " + megabytes(of) + " MB";
}

} // namespace

result_gathering::result_gathering(setup given, int interrupts, clock::time_point now)
  : setup_(std::move(given)), interrupts_(interrupts), next_word_(now + first_word_after), looked_(now) {
  for (const auto& [number, each] : *setup_.nodes) {
    if (each.lost()) continue;
    auto& wanted = accounts_[number];
    for (std::size_t i = 0; i < setup_.weight_bytes.size() && i < setup_.places.size(); ++i)
      if (setup_.places[i].node == number) wanted.weights_wanted += setup_.weight_bytes[i];
    wanted.received_before = wanted.received = each.seat.control.bytes_received();
    wanted.heard = now;
    awaited_.insert(number);
  }
  give_up_what_is_interrupted();
}

bool result_gathering::has_all_of(std::uint8_t node) const {
  const auto found = accounts_.find(node);
  return found != accounts_.end() && found->second.done && found->second.weights == found->second.weights_wanted;
}

std::string result_gathering::missing() const {
  std::string text;
  for (const auto& [number, each] : accounts_) {
    if (each.weights == each.weights_wanted) continue;
    text += (text.empty() ? "not saved here: the weights of " : ", ") + groups_on(number, setup_.places) + " (" +
            setup_.nodes->title(number) + ": " + (each.why_missing.empty() ? "it sent less" : each.why_missing) + ")";
  }
  return text;
}

void result_gathering::take(const run_event& event, clock::time_point now) {
  if (const auto* said = std::get_if<node_said>(&event)) take(*said, now);
  if (const auto* dead = std::get_if<peer_dead>(&event)) take(*dead);
  if (const auto* down = std::get_if<peer_down>(&event)) setup_.nodes->note(*down);
  if (const auto* up = std::get_if<peer_up>(&event)) setup_.nodes->note(*up);
  if (std::holds_alternative<interrupt_run>(event)) take_interrupt();
  give_up_what_is_interrupted();
  look_for_silence(now);
  say_progress(now);
}

void result_gathering::take(const node_said& said, clock::time_point now) {
  auto* const from = setup_.nodes->find(said.node);
  const auto found = accounts_.find(said.node);
  if (!from || from->lost() || found == accounts_.end() || found->second.done) return;
  auto& so_far = found->second;
  so_far.heard = now;
  const auto with = [&](auto message) {
    if (message)
      take(*from, so_far, *message);
    else
      close(*from, message.message());
  };
  // What else may come was said before the end.
  switch (static_cast<control_type>(said.message.type)) {
  case control_type::weights_part:
    return with(decode<weights_part>(said.message));
  case control_type::trace_part:
    return with(decode<trace_part>(said.message));
  case control_type::done:
    return with(decode<done>(said.message));
  default:
    return;
  }
}

void result_gathering::take(seated_nodes::member& from, account& so_far, const weights_part& part) {
  if (part.number != 0) return; // a late answer to what was asked while the run went on
  const auto bytes = std::max<std::size_t>(1, part.bytes.size()); // so that empty parts are not taken without end
  if (bytes > so_far.weights_wanted - so_far.weights)
    return close(from,
                 "it sent more weights than its groups have, " + std::to_string(so_far.weights_wanted) + " bytes");
  auto here = tensor_of(part, *setup_.host);
  if (!here) return close(from, here.message());
  so_far.weights += bytes;
  weights_.push_back({part.name, std::move(*here)});
}

void result_gathering::take(seated_nodes::member& from, account& so_far, const trace_part& part) {
  const auto bytes = std::max<std::size_t>(1, part.bytes.size());
  if (bytes > setup_.trace_bytes - so_far.trace)
    return close(from, setup_.trace_bytes == 0 ? "it sent a trace that nobody asked for"
                                               : "it sent more of a trace than --trace-limit allows");
  so_far.trace += bytes;
  if (setup_.on_trace) setup_.on_trace(from.name(), part);
}

void result_gathering::take(seated_nodes::member& from, account& so_far, const done& end) {
  from.reaches(seated_nodes::standing::done);
  so_far.done = true;
  for (auto each : end.memory) {
    each.node = from.name();
    memory_.push_back(std::move(each));
  }
  awaited_.erase(from.seat.who.node);
  if (!end.failure) return;
  so_far.why_missing = end.failure->message;
  setup_.notice("node " + from.name() + ": " + end.failure->message);
}

void result_gathering::take(const peer_dead& dead) {
  auto* const found = setup_.nodes->find(dead.node);
  if (!found || found->lost()) return;
  found->reaches(seated_nodes::standing::lost);
  if (!awaited_.contains(dead.node)) return;
  setup_.notice(describe_loss("node " + found->name(), dead, setup_.places));
  give_up(dead.node, dead.why);
}

void result_gathering::take_interrupt() {
  if (++interrupts_ < 2)
    setup_.notice("the training has ended; fetching what the nodes have: once more to leave it to them");
}

// By the first interrupt who is away, by the second one everybody.
void result_gathering::give_up_what_is_interrupted() {
  if (interrupts_ == 0) return;
  for (const auto node : std::set<std::uint8_t>(awaited_)) {
    const bool away = setup_.nodes->find(node)->away;
    if (interrupts_ < 2 && !away) continue;
    if (interrupts_ < 2) setup_.notice(setup_.nodes->title(node) + " is not waited for: its connection is lost");
    give_up(node, away ? "interrupted while its connection was lost" : "interrupted");
  }
}

// Nodes that are silent although their connection stands or may come back; whether a lost one is final, the peer
// decides. Time in which this process itself stood still does not count.
void result_gathering::look_for_silence(clock::time_point now) {
  const auto since = now - std::exchange(looked_, now);
  if (since > standstill)
    for (auto& [node, each] : accounts_) each.heard += since;
  const auto patience = std::chrono::duration<double>(setup_.patience_s);
  for (const auto node : std::set<std::uint8_t>(awaited_)) {
    auto& so_far = accounts_[node];
    const auto received = setup_.nodes->find(node)->seat.control.bytes_received();
    if (std::exchange(so_far.received, received) != received) so_far.heard = now;
    if (now - so_far.heard <= patience) continue;
    const auto why = fmt::format("it was silent for {} s", static_cast<int>(setup_.patience_s));
    setup_.notice(setup_.nodes->title(node) + " is not waited for any more: " + why);
    give_up(node, why);
  }
}

void result_gathering::say_progress(clock::time_point now) {
  if (awaited_.empty() || now < next_word_) return;
  next_word_ = now + next_word_after;
  std::string line;
  for (const auto node : awaited_) {
    const auto& so_far = accounts_[node];
    const auto& name = setup_.nodes->find(node)->name();
    line += line.empty() ? "fetching " : ", ";
    if (so_far.weights < so_far.weights_wanted) {
      const auto arrived = std::min(so_far.weights_wanted, so_far.received - so_far.received_before);
      line += progress_of("weights of " + name, std::max(so_far.weights, arrived), so_far.weights_wanted);
    } else if (setup_.trace_bytes > 0) {
      line += "the trace of " + name + ": " + megabytes(so_far.trace) + " MB so far";
    } else {
      line += "the last word of " + name;
    }
  }
  setup_.notice(line);
}

void result_gathering::close(seated_nodes::member& from, const std::string& why) {
  setup_.notice("node " + from.name() + " is closed: " + why);
  from.reaches(seated_nodes::standing::lost);
  caf::anon_send(from.seat.peer, leave_peer{});
  give_up(from.seat.who.node, why);
}

void result_gathering::give_up(std::uint8_t node, const std::string& why) {
  accounts_[node].why_missing = why;
  awaited_.erase(node);
}

} // namespace syngrad
