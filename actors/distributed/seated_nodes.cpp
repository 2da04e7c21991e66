#include "actors/distributed/seated_nodes.hpp"

#include "actors/distributed/process_part.hpp"

#include <cstdio>
#include <cstring>
#include <fmt/core.h>
#include <utility>

namespace syngrad {

hang_inquiry::hang_inquiry(seated_nodes& nodes, std::uint32_t number) : nodes_(nodes), number_(number) {
  for (auto& [node, each] : nodes_) {
    if (each.lost()) continue;
    each.seat.control.say(tell_waits{number_});
    awaited_.insert(node);
  }
}

void hang_inquiry::take(std::uint8_t node, const waits_told& answer) {
  if (answer.number != number_ || awaited_.erase(node) == 0) return;
  answers_[node] = read_waits_text(answer.text);
  if (answer.slow)
    if (const auto* each = nodes_.find(node)) slow_ = "node " + each->name();
}

std::vector<std::string> hang_inquiry::sections(double waited_s) {
  char silence[64];
  std::snprintf(silence, sizeof silence, "no answer for %.1f s", waited_s);
  std::vector<std::string> lines;
  for (const auto& [number, each] : nodes_) {
    const auto answer = answers_.find(number);
    if (answer == answers_.end()) {
      lines.push_back("on node " + each.name() + ": " + (each.lost() ? "it is gone" : silence));
      continue;
    }
    lines.push_back("on node " + each.name() + ":");
    for (const auto& line : answer->second) lines.push_back("  " + line);
  }
  return lines;
}

weights_inquiry::weights_inquiry(setup given, std::uint32_t number, clock::time_point now)
  : setup_(std::move(given)), number_(number), heard_(now) {
  for (const auto& [node, each] : *setup_.nodes) {
    auto& so_far = accounts_[node];
    for (std::size_t i = 0; i < setup_.places.size() && i < setup_.weight_bytes.size(); ++i)
      if (setup_.places[i].node == node) so_far.wanted += setup_.weight_bytes[i];
    if (so_far.wanted == 0) continue;
    if (each.lost()) {
      fail(node, error::peer("it is gone"));
      return;
    }
    so_far.received = each.seat.control.bytes_received();
    each.seat.control.say(tell_weights{number_});
    awaited_.insert(node);
  }
}

void weights_inquiry::take(std::uint8_t node, const weights_part& part) {
  if (part.number != number_ || !awaited_.contains(node)) return;
  auto& so_far = accounts_[node];
  if (part.bytes.size() > so_far.wanted - so_far.come)
    return fail(node, error::peer(fmt::format("it sent more weights than its groups have, {} bytes", so_far.wanted)));
  auto here = tensor_of(part, *setup_.host);
  if (!here) return fail(node, here.failure());
  so_far.come += part.bytes.size();
  weights_.push_back({part.name, std::move(*here)});
}

void weights_inquiry::take(std::uint8_t node, const weights_told& last) {
  if (last.number != number_ || !awaited_.contains(node)) return;
  const auto& so_far = accounts_[node];
  if (last.failure) return fail(node, *last.failure);
  if (so_far.come < so_far.wanted) return fail(node, error::peer("it sent less than the weights of its groups"));
  awaited_.erase(node);
}

void weights_inquiry::take_loss(std::uint8_t node, const std::string& why) {
  if (awaited_.contains(node)) fail(node, error::peer(why));
}

void weights_inquiry::look_for_silence(clock::time_point now) {
  for (const auto node : awaited_) {
    const auto received = setup_.nodes->find(node)->seat.control.bytes_received();
    if (std::exchange(accounts_[node].received, received) != received) heard_ = now;
  }
  if (over() || now - heard_ <= std::chrono::duration<double>(setup_.patience_s)) return;
  fail(*awaited_.begin(), error::peer(fmt::format("no answer for {} s", static_cast<int>(setup_.patience_s))));
}

result<std::vector<layer_group::named_tensor>> weights_inquiry::weights() const {
  if (failure_) return *failure_;
  return weights_;
}

void weights_inquiry::fail(std::uint8_t node, const error& why) {
  if (!failure_) failure_ = why.prefixed(groups_on(node, setup_.places) + " (" + setup_.nodes->title(node) + "): ");
  awaited_.clear();
  weights_.clear();
}

} // namespace syngrad
