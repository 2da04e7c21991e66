// The operators of a transformer once more: plain, slow, in double.
#pragma once

#include "tests/runtime/matrix.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <vector>

namespace syngrad::reference {

struct layer_norm_result {
  matrix y, normal; // normal: before weight and bias
  std::vector<double> mean, inverse;
};

inline layer_norm_result layer_norm(const matrix& x, const matrix& weight, const matrix& bias, double epsilon) {
  layer_norm_result out{matrix(x.rows, x.columns), matrix(x.rows, x.columns), {}, {}};
  const auto columns = static_cast<double>(x.columns);
  for (std::int64_t r = 0; r < x.rows; ++r) {
    double mean = 0, variance = 0;
    for (std::int64_t c = 0; c < x.columns; ++c) mean += x(r, c) / columns;
    for (std::int64_t c = 0; c < x.columns; ++c) variance += std::pow(x(r, c) - mean, 2) / columns;
    const auto inverse = 1 / std::sqrt(variance + epsilon);
    for (std::int64_t c = 0; c < x.columns; ++c) {
      out.normal(r, c) = (x(r, c) - mean) * inverse;
      out.y(r, c) = weight(0, c) * out.normal(r, c) + bias(0, c);
    }
    out.mean.push_back(mean);
    out.inverse.push_back(inverse);
  }
  return out;
}

struct layer_norm_gradients {
  matrix dx, dweight, dbias;
};

inline layer_norm_gradients layer_norm_backward(const matrix& dy, const matrix& x, const matrix& weight,
                                                double epsilon) {
  const auto with = layer_norm(x, weight, matrix(1, x.columns), epsilon);
  layer_norm_gradients out{matrix(x.rows, x.columns), matrix(1, x.columns), matrix(1, x.columns)};
  const auto columns = static_cast<double>(x.columns);
  for (std::int64_t r = 0; r < x.rows; ++r) {
    double gradient = 0, product = 0;
    for (std::int64_t c = 0; c < x.columns; ++c) {
      out.dbias(0, c) += dy(r, c);
      out.dweight(0, c) += dy(r, c) * with.normal(r, c);
      gradient += dy(r, c) * weight(0, c) / columns;
      product += dy(r, c) * weight(0, c) * with.normal(r, c) / columns;
    }
    for (std::int64_t c = 0; c < x.columns; ++c)
      out.dx(r, c) =
        with.inverse[static_cast<std::size_t>(r)] * (dy(r, c) * weight(0, c) - gradient - with.normal(r, c) * product);
  }
  return out;
}

inline double gelu(double x, bool with_tanh) {
  if (with_tanh) return x / 2 * (1 + std::tanh(std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x)));
  return x / 2 * std::erfc(-x / std::numbers::sqrt2);
}

inline double gelu_slope(double x, bool with_tanh) {
  if (!with_tanh)
    return std::erfc(-x / std::numbers::sqrt2) / 2 + x * std::exp(-x * x / 2) / std::sqrt(2 * std::numbers::pi);
  const auto root = std::sqrt(2 / std::numbers::pi), curve = std::tanh(root * (x + 0.044715 * x * x * x));
  return (1 + curve) / 2 + x / 2 * (1 - curve * curve) * root * (1 + 3 * 0.044715 * x * x);
}

struct attention_shape {
  std::int64_t batch, context, heads, width;
  bool causal;

  std::int64_t features() const { return heads * width; }
  std::int64_t rows() const { return batch * context; }
  std::int64_t visible(std::int64_t position) const { return causal ? position + 1 : context; }
};

struct attention_result {
  matrix y;                                       // [rows, features]
  std::vector<double> log_sum_exp;                // [batch, heads, context]
  std::vector<std::vector<double>> probabilities; // of each of those, over what it attends to
};

inline attention_result attention(const attention_shape& of, const matrix& qkv) {
  attention_result out{matrix(of.rows(), of.features()), {}, {}};
  for (std::int64_t sample = 0; sample < of.batch; ++sample)
    for (std::int64_t head = 0; head < of.heads; ++head)
      for (std::int64_t position = 0; position < of.context; ++position) {
        const auto first = sample * of.context, column = head * of.width;
        std::vector<double> probabilities(static_cast<std::size_t>(of.visible(position)));
        for (std::size_t key = 0; key < probabilities.size(); ++key)
          for (std::int64_t c = column; c < column + of.width; ++c)
            probabilities[key] += qkv(first + position, c) *
                                  qkv(first + static_cast<std::int64_t>(key), of.features() + c) /
                                  std::sqrt(static_cast<double>(of.width));
        const auto largest = *std::max_element(probabilities.begin(), probabilities.end());
        double sum = 0;
        for (auto& each : probabilities) sum += each = std::exp(each - largest);
        for (std::size_t key = 0; key < probabilities.size(); ++key) {
          probabilities[key] /= sum;
          for (std::int64_t c = column; c < column + of.width; ++c)
            out.y(first + position, c) +=
              probabilities[key] * qkv(first + static_cast<std::int64_t>(key), 2 * of.features() + c);
        }
        out.log_sum_exp.push_back(largest + std::log(sum));
        out.probabilities.push_back(std::move(probabilities));
      }
  return out;
}

// The gradient of qkv, by the chain rule through the softmax.
inline matrix attention_backward(const attention_shape& of, const matrix& dy, const matrix& qkv) {
  const auto forward = attention(of, qkv);
  matrix out(of.rows(), 3 * of.features());
  const auto scale = 1 / std::sqrt(static_cast<double>(of.width));
  auto of_row = forward.probabilities.begin();
  for (std::int64_t sample = 0; sample < of.batch; ++sample)
    for (std::int64_t head = 0; head < of.heads; ++head)
      for (std::int64_t position = 0; position < of.context; ++position, ++of_row) {
        const auto first = sample * of.context, row = first + position, column = head * of.width;
        const auto& p = *of_row;
        std::vector<double> dp(p.size());
        double mean = 0;
        for (std::size_t key = 0; key < p.size(); ++key) {
          const auto other = first + static_cast<std::int64_t>(key);
          for (std::int64_t c = column; c < column + of.width; ++c) {
            dp[key] += dy(row, c) * qkv(other, 2 * of.features() + c);
            out(other, 2 * of.features() + c) += p[key] * dy(row, c);
          }
          mean += p[key] * dp[key];
        }
        for (std::size_t key = 0; key < p.size(); ++key) {
          const auto other = first + static_cast<std::int64_t>(key);
          const auto dscore = p[key] * (dp[key] - mean) * scale;
          for (std::int64_t c = column; c < column + of.width; ++c) {
            out(row, c) += dscore * qkv(other, of.features() + c);
            out(other, of.features() + c) += dscore * qkv(row, c);
          }
        }
      }
  return out;
}

} // namespace syngrad::reference
