// One position of a recurrent layer: what follows the product of its hidden state. Equations and the order of gates are
// PyTorch's, with p = W_ih x + b_ih and q = W_hh h + b_hh:
//
//   LSTM (Hochreiter and Schmidhuber, Neural Computation 9, 1997), gates i, f, g, o:
//     i, f, o = sigmoid(p + q), g = tanh(p + q), c' = f c + i g, h' = o tanh(c')
//   GRU (Cho et al., arXiv 1406.1078), gates r, z, n:
//     r, z = sigmoid(p + q), n = tanh(p + r q), h' = (1 - z) n + z h
//
// Of a whole batch, tensors are [batch, positions, ...]; an operator touches one position of them.
#pragma once

#include <cstdint>

namespace syngrad {

class stream;
class tensor;

struct recurrent_step_arguments {
  std::int64_t position;
  tensor& gates;              // [batch, positions, gates * hidden]: p; where `previous` is given, the gates afterwards
  const tensor* products;     // [batch, gates * hidden]: W_hh h; null: h is zero
  const tensor& bias;         // [gates * hidden]: b_hh
  tensor& hidden;             // [batch, hidden]: h, and h' afterwards
  tensor* cell = nullptr;     // [batch, hidden]: c, and c' afterwards; null for a GRU
  tensor& y;                  // [batch, positions, hidden]: receives h'
  tensor* previous = nullptr; // [batch, positions, hidden]: receives h; null: no backward pass follows
  tensor* kept = nullptr;     // [batch, positions, hidden]: receives c of an LSTM, q of a GRU's n; null with `previous`
};

struct recurrent_step_backward_arguments {
  std::int64_t position;
  const tensor& dy;    // [batch, positions, hidden]
  const tensor& gates; // these three as the forward pass left them
  const tensor& previous;
  const tensor& kept;
  const tensor& dhidden; // [batch, hidden]: of h', by W_hh at the position behind
  tensor& direct;     // [batch, hidden]: what came from there otherwise, of c' (LSTM) or h' (GRU); of c or h afterwards
  tensor& dgates;     // [batch, positions, gates * hidden]: receives the gradient of p
  tensor& drecurrent; // the same: receives that of q; for an LSTM, where both are one, it is `dgates`
  tensor& dproducts;  // [batch, gates * hidden]: receives that of q, of this position alone
};

class recurrent_operators {
public:
  virtual void lstm_step(stream&, const recurrent_step_arguments&) = 0;
  virtual void lstm_step_backward(stream&, const recurrent_step_backward_arguments&) = 0;
  virtual void gru_step(stream&, const recurrent_step_arguments&) = 0;
  virtual void gru_step_backward(stream&, const recurrent_step_backward_arguments&) = 0;

protected:
  ~recurrent_operators() = default;
};

} // namespace syngrad
