// One position of an LSTM or a GRU: a thread has one feature of one sample, and all gates of it.
#pragma once

#include "runtime/cuda/kernels/launching.hpp"
#include "runtime/operators.hpp"

#include <cmath>

namespace syngrad::cuda::kernels {

SYNGRAD_HOST_DEVICE inline float sigmoid(float x) {
  return 1 / (1 + std::exp(-x));
}

// Where a position of each sample lies in a tensor of a whole batch.
struct position_rows {
  float* first;
  std::int64_t stride; // from sample to sample

  position_rows(const tensor* of, std::int64_t position)
    : first(of ? of->f32() + position * of->columns() : nullptr), stride(of ? of->elements() / of->extents()[0] : 0) {}
  SYNGRAD_HOST_DEVICE float* of_sample(std::int64_t sample) const { return first + sample * stride; }
};

struct recurrent_step {
  position_rows gates, y, previous, kept; // the latter two with null addresses: not wanted
  const float *products, *bias;           // the former null: zeros
  float *hidden, *cell;                   // the latter null for a GRU
  std::int64_t n;                         // hidden features

  recurrent_step(const recurrent_step_arguments& of)
    : gates(&of.gates, of.position), y(&of.y, of.position), previous(of.previous, of.position),
      kept(of.kept, of.position), products(of.products ? of.products->f32() : nullptr), bias(of.bias.f32()),
      hidden(of.hidden.f32()), cell(of.cell ? of.cell->f32() : nullptr), n(of.hidden.columns()) {}

  // q of a gate.
  SYNGRAD_HOST_DEVICE float input(std::int64_t sample, std::int64_t gate, std::int64_t gate_count,
                                  std::int64_t j) const {
    const auto i = gate * n + j;
    return products ? products[sample * gate_count * n + i] + bias[i] : bias[i];
  }
};

struct lstm_step_kernel : recurrent_step {
  static constexpr std::int64_t gate_count = 4;
  using recurrent_step::recurrent_step;

  SYNGRAD_HOST_DEVICE void operator()(std::int64_t sample, std::int64_t j) const {
    auto* const gate = gates.of_sample(sample) + j;
    const auto i = sigmoid(gate[0] + input(sample, 0, gate_count, j)),
               f = sigmoid(gate[n] + input(sample, 1, gate_count, j)),
               g = std::tanh(gate[2 * n] + input(sample, 2, gate_count, j)),
               o = sigmoid(gate[3 * n] + input(sample, 3, gate_count, j));
    auto &c = cell[sample * n + j], &h = hidden[sample * n + j];
    if (previous.first) {
      gate[0] = i;
      gate[n] = f;
      gate[2 * n] = g;
      gate[3 * n] = o;
      previous.of_sample(sample)[j] = h;
      kept.of_sample(sample)[j] = c;
    }
    c = f * c + i * g;
    h = o * std::tanh(c);
    y.of_sample(sample)[j] = h;
  }
};

struct gru_step_kernel : recurrent_step {
  static constexpr std::int64_t gate_count = 3;
  using recurrent_step::recurrent_step;

  SYNGRAD_HOST_DEVICE void operator()(std::int64_t sample, std::int64_t j) const {
    auto* const gate = gates.of_sample(sample) + j;
    const auto r = sigmoid(gate[0] + input(sample, 0, gate_count, j)),
               z = sigmoid(gate[n] + input(sample, 1, gate_count, j)), q = input(sample, 2, gate_count, j),
               candidate = std::tanh(gate[2 * n] + r * q);
    auto& h = hidden[sample * n + j];
    if (previous.first) {
      gate[0] = r;
      gate[n] = z;
      gate[2 * n] = candidate;
      previous.of_sample(sample)[j] = h;
      kept.of_sample(sample)[j] = q;
    }
    h = candidate + z * (h - candidate);
    y.of_sample(sample)[j] = h;
  }
};

struct recurrent_step_backward {
  position_rows dy, gates, previous, kept, dgates, drecurrent;
  const float* dhidden;
  float *direct, *dproducts;
  std::int64_t n;

  recurrent_step_backward(const recurrent_step_backward_arguments& of)
    : dy(&of.dy, of.position), gates(&of.gates, of.position), previous(&of.previous, of.position),
      kept(&of.kept, of.position), dgates(&of.dgates, of.position), drecurrent(&of.drecurrent, of.position),
      dhidden(of.dhidden.f32()), direct(of.direct.f32()), dproducts(of.dproducts.f32()), n(of.direct.columns()) {}
};

struct lstm_step_backward_kernel : recurrent_step_backward {
  static constexpr std::int64_t gate_count = 4;
  using recurrent_step_backward::recurrent_step_backward;

  SYNGRAD_HOST_DEVICE void operator()(std::int64_t sample, std::int64_t j) const {
    const auto* const gate = gates.of_sample(sample) + j;
    const auto i = gate[0], f = gate[n], g = gate[2 * n], o = gate[3 * n], c = kept.of_sample(sample)[j],
               squashed = std::tanh(f * c + i * g), dh = dy.of_sample(sample)[j] + dhidden[sample * n + j];
    auto& carried = direct[sample * n + j];
    const auto dc = carried + dh * o * (1 - squashed * squashed);
    carried = dc * f;
    const float gradients[] = {dc * g * i * (1 - i), dc * c * f * (1 - f), dc * i * (1 - g * g),
                               dh * squashed * o * (1 - o)};
    for (std::int64_t k = 0; k < gate_count; ++k)
      dgates.of_sample(sample)[k * n + j] = dproducts[(sample * gate_count + k) * n + j] = gradients[k];
  }
};

struct gru_step_backward_kernel : recurrent_step_backward {
  static constexpr std::int64_t gate_count = 3;
  using recurrent_step_backward::recurrent_step_backward;

  SYNGRAD_HOST_DEVICE void operator()(std::int64_t sample, std::int64_t j) const {
    const auto* const gate = gates.of_sample(sample) + j;
    const auto r = gate[0], z = gate[n], candidate = gate[2 * n];
    auto& carried = direct[sample * n + j];
    const auto dh = dy.of_sample(sample)[j] + dhidden[sample * n + j] + carried;
    carried = dh * z;
    const auto dn = dh * (1 - z) * (1 - candidate * candidate),
               dz = dh * (previous.of_sample(sample)[j] - candidate) * z * (1 - z),
               dr = dn * kept.of_sample(sample)[j] * r * (1 - r);
    const float of_p[] = {dr, dz, dn}, of_q[] = {dr, dz, dn * r};
    for (std::int64_t k = 0; k < gate_count; ++k) {
      dgates.of_sample(sample)[k * n + j] = of_p[k];
      drecurrent.of_sample(sample)[k * n + j] = dproducts[(sample * gate_count + k) * n + j] = of_q[k];
    }
  }
};

template <class Kernel, class Launcher>
void step(Launcher& on, const recurrent_step_arguments& of) {
  assert(of.gates.columns() == Kernel::gate_count * of.hidden.columns() && !of.previous == !of.kept);
  on.grid(of.hidden.rows(), of.hidden.columns(), Kernel(of));
}

template <class Kernel, class Launcher>
void step_backward(Launcher& on, const recurrent_step_backward_arguments& of) {
  assert(of.gates.columns() == Kernel::gate_count * of.direct.columns());
  on.grid(of.direct.rows(), of.direct.columns(), Kernel(of));
}

} // namespace syngrad::cuda::kernels
