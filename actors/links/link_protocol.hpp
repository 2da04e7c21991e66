// What the two ends of a link say to each other, and when. Messages are cut into chunks, which are numbered through
// from 0, over all connections; a chunk belongs to one message. A session is the time of one connection: packets of an
// earlier one may still arrive, and are told apart by its number.
//
// Within a session packets arrive in order, but one may be missing or damaged: what cannot be read is dropped on the
// way. The sending end then goes back to what is missing, and each time begins a new round; what was asked for in an
// earlier round it has dealt with already.
//
// Sending end (link_sender):
//
//  state    event           condition                      action                                        next state
//  any      up(s)           s > session                    round 0; a receipt of s that came early       opening
//                                                          counts now
//  any      down                                                                                         away
//  opening  receipt(s,n,r)  s = session, again, r = 0      forget up to n, go on from n, next round      open
//  open     receipt(s,n,r)  s = session, again, r = round  forget up to n, go on from n, next round      open
//  open     receipt(s,n)    s = session, else              forget up to n                                open
//  any      receipt(s,n)    s > session                    keep the last one                             same
//  any      receipt(s,n)    s < session, or n is old       none                                          same
//  any      receipt(s,n)    n was never sent               error: the other end belongs to another run
//  open     a message waits on the way < credit            send its next chunk                           open
//  open     tick            nothing heard since the last   probe(session, next to be sent, round)        open
//  opening  tick            nothing heard since the last   probe(session, end of all numbers, round)     opening
//
// Receiving end (link_receiver); a receipt carries the number that is expected next, and the round of what it answers:
//
//  event         condition                             action
//  up(s)         s > session                           receipt, again, round 0
//  chunk(s,n)    s is not the session                  drop it
//  chunk(s,n)    n < expected                          drop it, receipt
//  chunk(s,n)    n = expected, its sum is right        take it; receipt soon, at once where much has come
//  chunk(s,n)    n = expected, its sum is wrong        drop it, receipt, again; after many times: error
//  chunk(s,n,r)  n > expected                          drop it; receipt, again, if not asked in this round yet
//  probe(s,n)    s = session, n > expected             receipt, again
//  probe(s,n)    s = session, else                     receipt
//
// So each chunk is taken once and in order; what is on the way is bounded by the credit, and by twice the credit after
// a loss within a session; and whatever is lost is asked for again: at the next chunk, at the latest at the second
// tick.
#pragma once

#include "runtime/result.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

namespace syngrad {

// Which chunk it is, and when it was sent.
struct chunk_label {
  std::uint64_t session = 0;
  std::uint64_t sequence = 0;
  std::uint32_t round = 0;
};

// Where a chunk lies: `count` bytes of a message from `offset` on.
struct chunk_position {
  std::uint64_t sequence = 0;
  std::uint64_t message = 0; // numbered from 0, in the order of push()
  std::size_t offset = 0, count = 0;
};

struct link_receipt {
  std::uint64_t session = 0;
  std::uint64_t next = 0;   // all chunks before it have arrived
  std::uint64_t credit = 0; // bytes that may be on the way
  bool again = false;       // go on from `next`, whatever was sent already
  std::uint32_t round = 0;  // of what it answers
};

struct link_probe {
  std::uint64_t session = 0;
  std::uint64_t next = 0; // all chunks before it were sent
  std::uint32_t round = 0;
};

// The sending end of a link, without its messages: what may be sent, in which order, and what may be forgotten.
//
// Threads: one at a time.
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

// The receiving end of a link, without its messages: which chunk is taken, and what is said about it.
//
// Threads: one at a time.
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
