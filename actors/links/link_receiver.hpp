// The receiving end of a link, without its messages: which chunk is taken, and what is said about it. The protocol is
// the table in link_protocol.hpp.
//
// Threads: one at a time.
#pragma once

#include "actors/links/link_protocol.hpp"
#include "runtime/result.hpp"

#include <optional>

namespace syngrad {

class link_receiver {
public:
  explicit link_receiver(std::size_t credit_bytes) : credit_(credit_bytes) {}

  enum class verdict {
    take,    // it is the next one
    drop,    // it came before, or belongs to an earlier session, or was asked for already
    refused, // too often damaged: the link cannot go on
  };
  struct answer {
    verdict what = verdict::drop;
    std::optional<link_receipt> receipt; // to be sent at once
  };

  // The receipt to be sent; none where this is old news.
  std::optional<link_receipt> up(std::uint64_t session);
  answer take(const chunk_label& label, std::size_t bytes, bool sum_is_right);
  std::optional<link_receipt> take(const link_probe&);

  // Whether something was taken of which the other end has not been told, and the receipt that tells it.
  bool owes_receipt() const { return owed_chunks_ > 0; }
  link_receipt receipt();

  std::uint64_t session() const { return session_; }
  std::uint64_t expected() const { return expected_; }
  std::uint64_t dropped() const { return dropped_; }
  std::uint64_t damaged() const { return damaged_; }

private:
  link_receipt receipt_again();

  static constexpr std::uint32_t owed_limit = 32; // chunks
  static constexpr std::uint32_t damage_limit = 100;

  std::size_t credit_;
  std::uint64_t session_ = 0;
  std::uint64_t expected_ = 0;
  std::uint32_t round_ = 0;                  // of the last packet of the session
  std::optional<std::uint32_t> asked_round_; // in which something was asked for again
  std::uint32_t owed_chunks_ = 0;
  std::size_t owed_bytes_ = 0;
  std::uint32_t damaged_in_a_row_ = 0;
  std::uint64_t dropped_ = 0, damaged_ = 0;
};

} // namespace syngrad
