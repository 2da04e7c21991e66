// A network that has been trained on a text: it reads tokens, and says how likely each token is to be the next.
//
// Where all its layers work by position, as lstm and gru do, what it has read is in their state, and each token is
// computed once. Else, as with attention, it sees a window: the last tokens, up to the context that it was trained
// with, are computed again for each new one, as their positions change.
//
// Used by one thread at a time, on one stream.
#pragma once

#include "models/trained_network.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace syngrad {

// Whether it takes tokens, one after the other, and has outputs at each of them, for tokens that it takes.
status check_language_model(const network&);

class language_model {
public:
  // `net` passes the check.
  language_model(stream& owner, trained_network net);

  std::int64_t context() const { return net_.input().elements(); }
  // Whether it remembers more than the last context() tokens.
  bool has_state() const { return by_position_; }

  // Goes on with these: at least one. Blocks until logits() are there.
  void read(std::span<const std::int32_t> tokens);
  // [outputs], of the token that comes next. After read().
  std::span<const float> logits() const { return logits_; }

private:
  void compute(std::span<const std::int32_t> tokens);

  stream& s_;
  trained_network net_;
  bool by_position_;
  std::vector<std::int32_t> window_; // the last ones; of a network with a state unused
  std::vector<float> logits_;
};

} // namespace syngrad
