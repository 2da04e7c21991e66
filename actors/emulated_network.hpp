// `--link`: what lies between the groups of one process, as if a network did. Plain data, and its text.
//
//   links := "none" | term ("," term)*
//   term  := "delay@" where ":" ( time | batches )   on the way, in each direction
//          | "jitter@" where ":" [time ".."] time     more than that: uniform, drawn for each message
//          | "rate@" where ":" rate                   of each direction: bytes of tensors pass one after the other
//          | "loss@" where ":" number "%"             of the messages: each comes a round trip later, as one does that
//                                                     is sent again. Nothing vanishes
//   where := interface | "*"                          i: between group i and group i+1. What names one counts before *
//   time  := number ("us" | "ms" | "s")
//   batches := number "b"                             turns by which gradients come later, in a deterministic run
//   rate  := number ("kB/s" | "MB/s" | "GB/s" | "kbit/s" | "Mbit/s" | "Gbit/s")
//
// Messages never overtake each other.
#pragma once

#include "runtime/result.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace syngrad {

// Of one interface, in each of its directions.
struct link_conditions {
  std::int64_t delay_ns = 0;
  std::int64_t least_jitter_ns = 0, most_jitter_ns = 0; // in addition
  double bytes_per_s = 0;                               // 0: any number at once
  double loss = 0;                                      // share of messages
  int delay_batches = 0;

  bool takes_time() const { return delay_ns > 0 || most_jitter_ns > 0 || bytes_per_s > 0; }
  // Of a message without tensors: on the mean, and of nothing that is lost.
  double mean_delay_s() const {
    return 1e-9 * (static_cast<double>(delay_ns) + 0.5 * static_cast<double>(least_jitter_ns + most_jitter_ns));
  }
};

class emulated_network {
public:
  static result<emulated_network> parse(const std::string& text);
  std::string text() const { return text_; } // as it was given; empty: none

  link_conditions at(int interface) const;
  bool any() const { return !terms_.empty(); }
  bool is_in_batches() const;    // some term counts in batches
  bool is_in_time() const;       // some term does not
  int highest_interface() const; // that is named; -1: none is

private:
  static constexpr int everywhere = -1;
  enum class kind : std::uint8_t { delay, delay_in_batches, jitter, rate, loss };
  struct term {
    kind what = kind::delay;
    int where = everywhere;
    link_conditions value; // what the term says, and nothing else
  };

  static result<term> parse_term(std::string_view text);

  std::string text_;
  std::vector<term> terms_;
};

} // namespace syngrad
