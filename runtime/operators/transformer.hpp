// The operators that a transformer is made of, beside products: layer normalisation, GELU, embedding and attention.
//
// What runtime/operators.hpp says of all operators holds here. A row is one position of one sample.
#pragma once

#include <cstdint>

namespace syngrad {

class stream;
class tensor;

// y = (x - mean) / sqrt(variance + epsilon) * weight + bias, with mean and biased variance of each row (Ba, Kiros and
// Hinton, arXiv 1607.06450).
struct layer_norm_arguments {
  const tensor& x;                // [rows, features]
  const tensor* weight = nullptr; // [features]; null: neither weight nor bias, as if they were one and zero
  const tensor* bias = nullptr;
  tensor& y;               // [rows, features]
  tensor* saved = nullptr; // [2, rows]: mean and 1/sqrt(variance + epsilon), for the backward pass; null: unwanted
  float epsilon = 1e-5f;
};

struct layer_norm_backward_arguments {
  const tensor& dy;
  const tensor& x;
  const tensor* weight = nullptr; // as it was given
  const tensor& saved;
  tensor* dx = nullptr;      // [rows, features]; null: unwanted
  tensor* dweight = nullptr; // [features]; null: neither dweight nor dbias wanted
  tensor* dbias = nullptr;
  bool accumulate = false; // add to dweight and dbias instead of overwriting them
};

// x Phi(x) with the normal distribution Phi (Hendrycks and Gimpel, arXiv 1606.08415). tanh: x times
// (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2.
enum class gelu_approximation : std::uint8_t { none, tanh };

// Row i of y is row tokens[i] of `weight` plus, where there are positions, row i mod context of `position`.
struct embedding_arguments {
  const tensor& tokens;             // i32, each below the rows of `weight`
  const tensor& weight;             // [tokens that there are, features]
  const tensor* position = nullptr; // [context, features]: of the samples that `tokens` is made of; null: none
  tensor& y;                        // [elements of tokens, features]
};

// Self-attention of several heads (Vaswani et al., arXiv 1706.03762). A row of `qkv` holds the queries of all heads,
// then their keys, then their values. Head h of each has the features from h * width, width = features / heads; with
// its q, k and v of one sample [context, width]
//
//   y = softmax(q k^T / sqrt(width)) v
//
// where the softmax of a row is over all positions, or, if `causal`, over its own and those before it.
struct attention_arguments {
  const tensor& qkv;             // [batch, context, 3 * features]
  tensor& y;                     // [batch, context, features]
  tensor* log_sum_exp = nullptr; // [batch, heads, context]: of each softmax, for the backward pass; null: unwanted
  std::int64_t heads;
  bool causal;
};

// The probabilities are computed anew, some rows at a time: nothing that is kept or used grows with the square of the
// context.
struct attention_backward_arguments {
  const tensor& dy;
  const tensor& qkv;
  const tensor& y;
  const tensor& log_sum_exp;
  tensor& dqkv; // [batch, context, 3 * features]
  std::int64_t heads;
  bool causal;
};

class transformer_operators {
public:
  virtual void layer_norm(stream&, const layer_norm_arguments&) = 0;
  virtual void layer_norm_backward(stream&, const layer_norm_backward_arguments&) = 0;

  virtual void gelu(stream&, const tensor& x, gelu_approximation, tensor& y) = 0;
  virtual void gelu_backward(stream&, const tensor& dy, const tensor& x, gelu_approximation, tensor& dx) = 0;

  virtual void embedding(stream&, const embedding_arguments&) = 0;
  // dweight[t] = sum of dy[i] over the rows of token t, in their order; added where `accumulate`.
  virtual void embedding_backward(stream&, const tensor& dy, const tensor& tokens, bool accumulate,
                                  tensor& dweight) = 0;

  virtual void attention(stream&, const attention_arguments&) = 0;
  virtual void attention_backward(stream&, const attention_backward_arguments&) = 0;

protected:
  ~transformer_operators() = default;
};

} // namespace syngrad
