#include "tests/actors/links/simulated_network.hpp"

#include <algorithm>
#include <utility>

namespace syngrad::test {

simulated_network::simulated_network(std::uint64_t seed, network_faults faults)
  : random_(seed, 11), faults_(faults), chunk_bytes_(1 + random_.below(40)),
    credit_(chunk_bytes_ * (1 + random_.below(12)) + random_.below(10)), sender_(chunk_bytes_, credit_),
    receiver_(credit_), to_push_(static_cast<int>(5 + random_.below(20))) {}

std::size_t simulated_network::run() {
  std::size_t most = 0;
  while (to_push_ > 0 || !sender_.all_arrived()) {
    if (!step()) break;
    most = std::max(most, bytes_on_the_way());
  }
  return most;
}

bool simulated_network::step() {
  if (to_push_ > 0 && random_.below(4) == 0) push_message();
  if (session_ == 0 || happens(faults_.cuts, 20)) cut();
  send_all();
  switch (random_.below(5)) {
  case 0:
    if (connect_one_end()) return true;
    break;
  case 1:
  case 2:
    if (deliver(up_)) return true;
    break;
  case 3:
    if (deliver(down_)) return true;
    break;
  case 4:
    if (deliver(late_)) return true;
    break;
  }
  if (connect_one_end() || deliver(up_) || deliver(down_)) return true;
  if (to_push_ > 0) return true;
  if (const auto probe = sender_.tick()) (sender_.session() == session_ ? up_ : gone_).emplace_back(*probe);
  if (++ticks_without_news_ > 20) {
    stuck_ = "nothing is on the way, but chunks are missing from " + std::to_string(receiver_.expected());
    return false;
  }
  if (receiver_.owes_receipt()) answer(receiver_.receipt());
  return true;
}

bool simulated_network::happens(int& left, std::uint32_t one_in) {
  if (left == 0 || random_.below(one_in) != 0) return false;
  --left;
  return true;
}

void simulated_network::push_message() {
  --to_push_;
  auto& bytes = messages_.emplace_back(1 + random_.below(200));
  for (auto& each : bytes) each = static_cast<char>(random_.bits());
  sent_.insert(sent_.end(), bytes.begin(), bytes.end());
  sender_.push(bytes.size());
}

void simulated_network::send_all() {
  while (const auto next = sender_.next()) {
    const auto* from = messages_[next->message].data() + next->offset;
    auto& way = sender_.session() == session_ ? up_ : gone_;
    way.emplace_back(chunk{sender_.session(), next->sequence, sender_.round(), {from, from + next->count}});
  }
}

// What was on the way is lost, or arrives when the next connection is already there.
void simulated_network::cut() {
  for (auto* each : {&up_, &down_, &gone_}) {
    for (auto& one : *each)
      if (happens(faults_.stale, 2)) late_.push_back(std::move(one));
    each->clear();
  }
  for (std::size_t i = 1; i < late_.size(); ++i)
    std::swap(late_[i], late_[random_.below(static_cast<std::uint32_t>(i + 1))]);
  if (random_.below(2) == 0) sender_.down(); // or it hears of the new one first
  ++session_;
  sender_knows_ = receiver_knows_ = false;
}

bool simulated_network::connect_one_end() {
  if (sender_knows_ && receiver_knows_) return false;
  if (!sender_knows_ && (receiver_knows_ || random_.below(2) == 0)) {
    sender_.up(session_);
    sender_knows_ = true;
  } else {
    receiver_knows_ = true;
    answer(receiver_.up(session_));
  }
  return true;
}

bool simulated_network::deliver(queue& from) {
  if (from.empty()) return false;
  if (happens(faults_.doubled, 5)) {
    auto twin = from.front();
    arrive(twin);
  }
  auto next = std::move(from.front());
  from.pop_front();
  if (&from != &late_ && happens(faults_.lost, 10)) return true;
  if (auto* const one = std::get_if<chunk>(&next); one && happens(faults_.damaged, 10)) {
    one->bytes[random_.below(static_cast<std::uint32_t>(one->bytes.size()))] ^= 1;
    one->damaged = true;
  }
  arrive(next);
  return true;
}

void simulated_network::arrive(packet& what) {
  ticks_without_news_ = 0;
  if (auto* const one = std::get_if<chunk>(&what)) {
    const auto taken = receiver_.take({one->session, one->sequence, one->round}, one->bytes.size(), !one->damaged);
    if (taken.what == link_receiver::verdict::take)
      arrived_.insert(arrived_.end(), one->bytes.begin(), one->bytes.end());
    if (taken.what == link_receiver::verdict::refused) stuck_ = "the receiver gave up";
    answer(taken.receipt);
  } else if (const auto* const receipt = std::get_if<link_receipt>(&what)) {
    if (const auto took = sender_.take(*receipt); !took) stuck_ = took.message();
  } else {
    answer(receiver_.take(std::get<link_probe>(what)));
  }
}

void simulated_network::answer(const std::optional<link_receipt>& receipt) {
  if (!receipt) return;
  (receiver_.session() == session_ ? down_ : gone_).emplace_back(*receipt);
}

std::size_t simulated_network::bytes_on_the_way() const {
  std::size_t sum = 0;
  for (const auto& each : up_)
    if (const auto* const one = std::get_if<chunk>(&each)) sum += one->bytes.size();
  return sum;
}

} // namespace syngrad::test
