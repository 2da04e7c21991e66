#include "actors/links/link_receiver.hpp"

namespace syngrad {

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
