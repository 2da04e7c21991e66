// The sending end of a link, without its messages: what may be sent, in which order, and what may be forgotten. The
// protocol is the table in link_protocol.hpp.
//
// Threads: one at a time.
#pragma once

#include "actors/links/link_protocol.hpp"
#include "runtime/result.hpp"

#include <deque>
#include <optional>

namespace syngrad {

class link_sender {
public:
  link_sender(std::size_t chunk_bytes, std::size_t credit_bytes);

  void push(std::size_t bytes); // a message, not empty
  void up(std::uint64_t session);
  void down();
  status take(const link_receipt&);
  // The chunk that is to be sent now; none where there is none, or no credit, or no connection.
  std::optional<chunk_position> next();
  // Called now and then: what to ask where nothing was heard since the last time and something was sent.
  std::optional<link_probe> tick();

  bool is_open() const { return state_ == state::open; }
  bool is_away() const { return state_ == state::away; }
  std::uint64_t session() const { return session_; }
  std::uint32_t round() const { return round_; }           // of what is sent now
  std::uint64_t first_kept() const { return first_kept_; } // messages before it have arrived
  bool all_arrived() const { return messages_.empty(); }
  bool awaits_answer() const { return state_ == state::opening || cursor_ > arrived_; }
  std::size_t bytes_on_the_way() const { return on_the_way_; }
  std::size_t credit_left() const { return credit_ > on_the_way_ ? credit_ - on_the_way_ : 0; }
  std::size_t messages() const { return messages_.size(); } // not yet arrived
  std::uint64_t chunks_repeated() const { return repeated_; }

private:
  enum class state { away, opening, open };
  struct message {
    std::uint64_t first = 0; // sequence number of its first chunk
    std::size_t bytes = 0;
  };

  void forget_up_to(std::uint64_t next);
  chunk_position position_of(std::uint64_t sequence) const;
  std::uint64_t chunks_of(std::size_t bytes) const { return (bytes + chunk_bytes_ - 1) / chunk_bytes_; }

  std::size_t chunk_bytes_, own_credit_, credit_;
  state state_ = state::away;
  std::uint64_t session_ = 0;
  std::uint32_t round_ = 0;
  std::optional<link_receipt> early_; // of a session that this end has not heard of yet
  std::deque<message> messages_;
  std::uint64_t first_kept_ = 0;   // number of messages_.front()
  std::uint64_t arrived_ = 0;      // chunks before it have arrived
  std::uint64_t cursor_ = 0;       // the next to be sent
  std::uint64_t sent_ = 0;         // chunks before it were sent at least once
  std::uint64_t assigned_ = 0;     // chunks before it belong to messages
  std::size_t cursor_message_ = 0; // index of the message that cursor_ is in
  std::size_t on_the_way_ = 0;     // bytes of chunks from arrived_ to cursor_
  std::uint64_t repeated_ = 0;
  bool heard_ = true; // since the last tick
};

} // namespace syngrad
