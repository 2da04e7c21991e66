// A gated recurrent unit, with PyTorch's equations, gates r, z, n, and parameters.
#pragma once

#include "models/layers/recurrent.hpp"

namespace syngrad {

class gru : public recurrent {
public:
  gru(std::int64_t inputs, std::int64_t hidden, options how) : recurrent(own_kind, inputs, hidden, how) {}

private:
  static constexpr kind own_kind{"gru", 3, false, &recurrent_operators::gru_step,
                                 &recurrent_operators::gru_step_backward};
};

} // namespace syngrad
