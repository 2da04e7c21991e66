#include "actors/links/link_protocol.hpp"

#include <algorithm>
#include <cassert>
#include <fmt/core.h>
#include <limits>
#include <string>
#include <utility>

namespace syngrad {

link_sender::link_sender(std::size_t chunk_bytes, std::size_t credit_bytes)
  : chunk_bytes_(chunk_bytes), own_credit_(credit_bytes), credit_(credit_bytes) {}

void link_sender::push(std::size_t bytes) {
  assert(bytes > 0);
  messages_.push_back({assigned_, bytes});
  assigned_ += chunks_of(bytes);
}

void link_sender::up(std::uint64_t session) {
  if (session <= session_) return;
  session_ = session;
  state_ = state::opening;
  round_ = 0;
  heard_ = true;
  if (early_ && early_->session == session) static_cast<void>(take(*early_)); // checked when it came
  if (early_ && early_->session <= session) early_.reset();
}

void link_sender::down() {
  state_ = state::away;
}

status link_sender::take(const link_receipt& receipt) {
  if (receipt.next > sent_)
    return error::peer(
      fmt::format("the other end of the link has {} chunks of the {} that were sent: it belongs to another run",
                  receipt.next, sent_));
  if (receipt.session > session_) {
    early_ = receipt;
    return ok();
  }
  if (receipt.session < session_ || receipt.next < arrived_ || state_ == state::away) return ok();
  const bool goes_back = receipt.again && receipt.round == round_;
  if (state_ == state::opening && !goes_back) return ok();
  heard_ = true;
  credit_ = std::min<std::size_t>(own_credit_, receipt.credit);
  forget_up_to(receipt.next);
  if (goes_back) {
    ++round_;
    cursor_ = arrived_;
    cursor_message_ = 0;
    on_the_way_ = 0;
  }
  state_ = state::open;
  return ok();
}

void link_sender::forget_up_to(std::uint64_t next) {
  for (; arrived_ < next; ++arrived_) {
    const auto here = position_of(arrived_); // in the first message, as those before it are gone
    if (arrived_ < cursor_) on_the_way_ -= here.count;
    if (here.offset + here.count < messages_.front().bytes) continue;
    messages_.pop_front();
    ++first_kept_;
    if (cursor_message_ > 0) --cursor_message_;
  }
  cursor_ = std::max(cursor_, arrived_);
}

// Looks from the first message on where `sequence` is not beyond it, else from the cursor's.
chunk_position link_sender::position_of(std::uint64_t sequence) const {
  auto index = sequence >= cursor_ ? cursor_message_ : 0;
  while (sequence >= messages_[index].first + chunks_of(messages_[index].bytes)) ++index;
  const auto offset = static_cast<std::size_t>(sequence - messages_[index].first) * chunk_bytes_;
  return {sequence, first_kept_ + index, offset, std::min(chunk_bytes_, messages_[index].bytes - offset)};
}

std::optional<chunk_position> link_sender::next() {
  if (state_ != state::open || cursor_ == assigned_) return std::nullopt;
  const auto here = position_of(cursor_);
  if (on_the_way_ > 0 && on_the_way_ + here.count > credit_) return std::nullopt;
  cursor_message_ = static_cast<std::size_t>(here.message - first_kept_);
  on_the_way_ += here.count;
  if (cursor_ < sent_) ++repeated_;
  sent_ = std::max(sent_, ++cursor_);
  return here;
}

std::optional<link_probe> link_sender::tick() {
  if (state_ == state::away || !awaits_answer()) return std::nullopt;
  if (std::exchange(heard_, false)) return std::nullopt;
  return link_probe{session_, state_ == state::open ? cursor_ : std::numeric_limits<std::uint64_t>::max(), round_};
}

std::optional<link_receipt> link_receiver::up(std::uint64_t session) {
  if (session <= session_) return std::nullopt;
  session_ = session;
  round_ = 0;
  return receipt_again();
}

link_receiver::answer link_receiver::take(const chunk_label& label, std::size_t bytes, bool sum_is_right) {
  if (label.session != session_) {
    ++dropped_;
    return {};
  }
  round_ = label.round;
  if (label.sequence < expected_) {
    ++dropped_;
    return {verdict::drop, receipt()};
  }
  if (label.sequence > expected_) {
    ++dropped_;
    if (asked_round_ == label.round) return {};
    return {verdict::drop, receipt_again()};
  }
  if (!sum_is_right) {
    ++damaged_;
    if (++damaged_in_a_row_ == damage_limit) return {verdict::refused, {}};
    return {verdict::drop, receipt_again()};
  }
  ++expected_;
  damaged_in_a_row_ = 0;
  ++owed_chunks_;
  owed_bytes_ += bytes;
  if (owed_chunks_ < owed_limit && owed_bytes_ < credit_ / 8) return {verdict::take, {}};
  return {verdict::take, receipt()};
}

std::optional<link_receipt> link_receiver::take(const link_probe& probe) {
  if (probe.session != session_) return std::nullopt;
  round_ = probe.round;
  return probe.next > expected_ ? receipt_again() : receipt();
}

link_receipt link_receiver::receipt() {
  owed_chunks_ = 0;
  owed_bytes_ = 0;
  return {session_, expected_, credit_, false, round_};
}

link_receipt link_receiver::receipt_again() {
  asked_round_ = round_;
  auto out = receipt();
  out.again = true;
  return out;
}

} // namespace syngrad
