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

#include <cstddef>
#include <cstdint>

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

} // namespace syngrad
