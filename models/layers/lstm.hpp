// Long short-term memory, with PyTorch's equations, gates i, f, g, o, and parameters.
#pragma once

#include "models/layers/recurrent.hpp"

namespace syngrad {

class lstm : public recurrent {
public:
  lstm(std::int64_t inputs, std::int64_t hidden, options how) : recurrent(own_kind, inputs, hidden, how) {}

private:
  static constexpr kind own_kind{"lstm", 4, true, &recurrent_operators::lstm_step,
                                 &recurrent_operators::lstm_step_backward};
};

} // namespace syngrad
