// Every operator once more: plain, obvious, slow, in double. What the tests compare devices with.
#pragma once

#include "tests/runtime/matrix.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace syngrad::reference {

using labels = std::vector<std::int32_t>;

inline matrix transposed(const matrix& x) {
  matrix out(x.columns, x.rows);
  for (std::int64_t r = 0; r < x.rows; ++r)
    for (std::int64_t c = 0; c < x.columns; ++c) out(c, r) = x(r, c);
  return out;
}

inline matrix product(const matrix& a, const matrix& b) {
  matrix out(a.rows, b.columns);
  for (std::int64_t i = 0; i < a.rows; ++i)
    for (std::int64_t k = 0; k < a.columns; ++k)
      for (std::int64_t j = 0; j < b.columns; ++j) out(i, j) += a(i, k) * b(k, j);
  return out;
}

inline double relu(double x) {
  return x > 0 ? x : 0;
}

// Of each column of x: its mean and its biased variance.
struct column_statistics {
  std::vector<double> mean, variance;
};

inline column_statistics statistics(const matrix& x) {
  column_statistics out{std::vector<double>(x.columns), std::vector<double>(x.columns)};
  const auto rows = static_cast<double>(x.rows);
  for (std::int64_t c = 0; c < x.columns; ++c) {
    for (std::int64_t r = 0; r < x.rows; ++r) out.mean[c] += x(r, c) / rows;
    for (std::int64_t r = 0; r < x.rows; ++r) out.variance[c] += std::pow(x(r, c) - out.mean[c], 2) / rows;
  }
  return out;
}

inline matrix batch_norm(const matrix& x, const column_statistics& with, const matrix& gamma, const matrix& beta,
                         double epsilon, bool with_relu) {
  matrix y(x.rows, x.columns);
  for (std::int64_t r = 0; r < x.rows; ++r)
    for (std::int64_t c = 0; c < x.columns; ++c) {
      const auto normal = (x(r, c) - with.mean[c]) / std::sqrt(with.variance[c] + epsilon);
      y(r, c) = gamma(0, c) * normal + beta(0, c);
      if (with_relu) y(r, c) = relu(y(r, c));
    }
  return y;
}

struct batch_norm_gradients {
  matrix dx, dgamma, dbeta;
};

// Ioffe and Szegedy, section 3, with the ReLU's gradient taken from its output y.
inline batch_norm_gradients batch_norm_backward(const matrix& dy, const matrix& x, const matrix& y, const matrix& gamma,
                                                double epsilon, bool with_relu) {
  const auto with = statistics(x);
  const auto rows = static_cast<double>(x.rows);
  batch_norm_gradients out{matrix(x.rows, x.columns), matrix(1, x.columns), matrix(1, x.columns)};
  for (std::int64_t c = 0; c < x.columns; ++c) {
    const auto inverse = 1 / std::sqrt(with.variance[c] + epsilon);
    const auto above = [&](std::int64_t r) { return with_relu && y(r, c) == 0 ? 0 : dy(r, c); };
    const auto normal = [&](std::int64_t r) { return (x(r, c) - with.mean[c]) * inverse; };
    for (std::int64_t r = 0; r < x.rows; ++r) {
      out.dbeta(0, c) += above(r);
      out.dgamma(0, c) += above(r) * normal(r);
    }
    for (std::int64_t r = 0; r < x.rows; ++r)
      out.dx(r, c) = gamma(0, c) * inverse * (above(r) - out.dbeta(0, c) / rows - normal(r) * out.dgamma(0, c) / rows);
  }
  return out;
}

struct cross_entropy {
  double loss = 0;
  double wrong = 0;
  matrix gradient;
};

// `smoothing` as in the operator; rows with a negative label count for nothing.
inline cross_entropy softmax_cross_entropy(const matrix& logits, const labels& of, double smoothing = 0) {
  cross_entropy out{0, 0, matrix(logits.rows, logits.columns)};
  const auto counted = static_cast<double>(std::count_if(of.begin(), of.end(), [](auto each) { return each >= 0; }));
  for (std::int64_t r = 0; r < logits.rows; ++r) {
    if (of[r] < 0) continue;
    const auto* row = &logits.at[r * logits.columns];
    const auto largest = std::max_element(row, row + logits.columns);
    double sum = 0;
    for (std::int64_t c = 0; c < logits.columns; ++c) sum += std::exp(row[c] - *largest);
    for (std::int64_t c = 0; c < logits.columns; ++c) {
      const auto target = (c == of[r] ? 1 - smoothing : 0) + smoothing / static_cast<double>(logits.columns);
      out.gradient(r, c) = std::exp(row[c] - *largest) / sum - target;
      out.loss += target * (std::log(sum) - (row[c] - *largest)) / counted;
    }
    out.wrong += largest - row != of[r];
  }
  return out;
}

struct optimizer_state {
  matrix value, first, second;
};

inline void sgd(optimizer_state& state, const matrix& gradient, double scale, double rate, double decay,
                double momentum, bool nesterov) {
  for (std::size_t i = 0; i < gradient.at.size(); ++i) {
    const auto g = scale * gradient.at[i] + decay * state.value.at[i];
    auto& velocity = state.first.at[i];
    velocity = momentum * velocity + g;
    state.value.at[i] -= rate * (nesterov ? g + momentum * velocity : velocity);
  }
}

// Kingma and Ba, algorithm 1; decoupled: Loshchilov and Hutter, algorithm 2.
inline void adam(optimizer_state& state, const matrix& gradient, double scale, double rate, double decay, double beta1,
                 double beta2, double epsilon, std::int64_t step, bool decoupled) {
  for (std::size_t i = 0; i < gradient.at.size(); ++i) {
    auto &value = state.value.at[i], &m = state.first.at[i], &v = state.second.at[i];
    const auto g = scale * gradient.at[i] + (decoupled ? 0 : decay * value);
    if (decoupled) value -= rate * decay * value;
    m = beta1 * m + (1 - beta1) * g;
    v = beta2 * v + (1 - beta2) * g * g;
    const auto mean = m / (1 - std::pow(beta1, static_cast<double>(step)));
    const auto square = v / (1 - std::pow(beta2, static_cast<double>(step)));
    value -= rate * mean / (std::sqrt(square) + epsilon);
  }
}

// torch.optim.NAdam with decoupled weight decay.
inline void nadam(optimizer_state& state, const matrix& gradient, double scale, double rate, double decay, double beta1,
                  double beta2, double epsilon, int step) {
  const auto mu = [beta1](int t) { return beta1 * (1 - 0.5 * std::pow(0.96, 0.004 * t)); };
  double product = 1;
  for (int t = 1; t <= step; ++t) product *= mu(t);
  for (std::size_t i = 0; i < gradient.at.size(); ++i) {
    auto &value = state.value.at[i], &m = state.first.at[i], &v = state.second.at[i];
    const auto g = scale * gradient.at[i];
    value -= rate * decay * value;
    m = beta1 * m + (1 - beta1) * g;
    v = beta2 * v + (1 - beta2) * g * g;
    const auto root = std::sqrt(v / (1 - std::pow(beta2, step))) + epsilon;
    value -= rate * (1 - mu(step)) / (1 - product) * g / root;
    value -= rate * mu(step + 1) / (1 - product * mu(step + 1)) * m / root;
  }
}

} // namespace syngrad::reference
