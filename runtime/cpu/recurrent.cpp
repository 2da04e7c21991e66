// A row of a step is one loop over the hidden features, which does all gates at once.
#include "runtime/cpu/cpu_device.hpp"
#include "runtime/cpu/cpu_operators.hpp"
#include "runtime/cpu/vector_math.hpp"

namespace syngrad::cpu {

namespace {

// Of one row; see runtime/operators/recurrent.hpp.
struct step_row {
  float* gates;
  const float *products, *bias; // the former null: zeros
  float *hidden, *cell, *y, *previous, *kept;
};

// q of gate number `gate` at feature j of n.
template <bool HasProducts>
float recurrent_input(const step_row& row, std::int64_t gate, std::int64_t j, std::int64_t n) {
  const auto i = gate * n + j;
  return HasProducts ? row.products[i] + row.bias[i] : row.bias[i];
}

struct lstm_row {
  static constexpr std::int64_t gates = 4;

  template <bool HasProducts, bool Keeps>
  static void step(const step_row& row, std::int64_t n) {
#pragma omp simd
    for (std::int64_t j = 0; j < n; ++j) {
      const auto input = [&](std::int64_t gate) {
        return row.gates[gate * n + j] + recurrent_input<HasProducts>(row, gate, j, n);
      };
      const auto i = fast_sigmoid(input(0)), f = fast_sigmoid(input(1)), g = fast_tanh(input(2)),
                 o = fast_sigmoid(input(3)), c = row.cell[j];
      if constexpr (Keeps) {
        row.gates[j] = i;
        row.gates[n + j] = f;
        row.gates[2 * n + j] = g;
        row.gates[3 * n + j] = o;
        row.previous[j] = row.hidden[j];
        row.kept[j] = c;
      }
      const auto next = f * c + i * g, h = o * fast_tanh(next);
      row.cell[j] = next;
      row.hidden[j] = h;
      row.y[j] = h;
    }
  }
};

struct gru_row {
  static constexpr std::int64_t gates = 3;

  template <bool HasProducts, bool Keeps>
  static void step(const step_row& row, std::int64_t n) {
#pragma omp simd
    for (std::int64_t j = 0; j < n; ++j) {
      const auto r = fast_sigmoid(row.gates[j] + recurrent_input<HasProducts>(row, 0, j, n)),
                 z = fast_sigmoid(row.gates[n + j] + recurrent_input<HasProducts>(row, 1, j, n)),
                 q = recurrent_input<HasProducts>(row, 2, j, n), candidate = fast_tanh(row.gates[2 * n + j] + r * q),
                 h = row.hidden[j];
      if constexpr (Keeps) {
        row.gates[j] = r;
        row.gates[n + j] = z;
        row.gates[2 * n + j] = candidate;
        row.previous[j] = h;
        row.kept[j] = q;
      }
      const auto next = candidate + z * (h - candidate);
      row.hidden[j] = next;
      row.y[j] = next;
    }
  }
};

struct step_back_row {
  const float *dy, *gates, *previous, *kept, *dhidden;
  float *direct, *dgates, *drecurrent, *dproducts;
};

void lstm_row_back(const step_back_row& row, std::int64_t n) {
#pragma omp simd
  for (std::int64_t j = 0; j < n; ++j) {
    const auto i = row.gates[j], f = row.gates[n + j], g = row.gates[2 * n + j], o = row.gates[3 * n + j],
               c = row.kept[j], squashed = fast_tanh(f * c + i * g), dh = row.dy[j] + row.dhidden[j],
               dc = row.direct[j] + dh * o * (1 - squashed * squashed);
    const auto di = dc * g * i * (1 - i), df = dc * c * f * (1 - f), dg = dc * i * (1 - g * g),
               dout = dh * squashed * o * (1 - o);
    row.direct[j] = dc * f;
    row.dgates[j] = di;
    row.dgates[n + j] = df;
    row.dgates[2 * n + j] = dg;
    row.dgates[3 * n + j] = dout;
    row.dproducts[j] = di;
    row.dproducts[n + j] = df;
    row.dproducts[2 * n + j] = dg;
    row.dproducts[3 * n + j] = dout;
  }
}

void gru_row_back(const step_back_row& row, std::int64_t n) {
#pragma omp simd
  for (std::int64_t j = 0; j < n; ++j) {
    const auto r = row.gates[j], z = row.gates[n + j], candidate = row.gates[2 * n + j],
               dh = row.dy[j] + row.dhidden[j] + row.direct[j];
    const auto dn = dh * (1 - z) * (1 - candidate * candidate), dz = dh * (row.previous[j] - candidate) * z * (1 - z),
               dr = dn * row.kept[j] * r * (1 - r), dq = dn * r;
    row.direct[j] = dh * z;
    row.dgates[j] = dr;
    row.dgates[n + j] = dz;
    row.dgates[2 * n + j] = dn;
    row.drecurrent[j] = dr;
    row.drecurrent[n + j] = dz;
    row.drecurrent[2 * n + j] = dq;
    row.dproducts[j] = dr;
    row.dproducts[n + j] = dz;
    row.dproducts[2 * n + j] = dq;
  }
}

// Where the position of a sample lies in a tensor of a whole batch.
struct position_rows {
  float* first;
  std::int64_t stride; // from sample to sample

  position_rows(const tensor* of, std::int64_t position)
    : first(of ? of->f32() + position * of->columns() : nullptr), stride(of ? of->elements() / of->extents()[0] : 0) {}
  float* of_sample(std::int64_t sample) const { return first + sample * stride; } // null and 0 stay null
};

template <class Kind>
void enqueue_step(stream& s, const recurrent_step_arguments& of) {
  const auto batch = of.hidden.rows(), n = of.hidden.columns();
  assert(of.gates.columns() == Kind::gates * n && of.bias.elements() == Kind::gates * n && of.y.columns() == n);
  assert(!of.previous == !of.kept && of.position < of.gates.extents()[1]);
  const auto work = of.products ? (of.previous ? Kind::template step<true, true> : Kind::template step<true, false>)
                                : (of.previous ? Kind::template step<false, true> : Kind::template step<false, false>);
  host(s).launch([=, gates = position_rows(&of.gates, of.position), y = position_rows(&of.y, of.position),
                  previous = position_rows(of.previous, of.position), kept = position_rows(of.kept, of.position),
                  products = address_of(of.products), bias = of.bias.f32(), hidden = of.hidden.f32(),
                  cell = of.cell ? of.cell->f32() : nullptr] {
    for (std::int64_t r = 0; r < batch; ++r)
      work({gates.of_sample(r), products ? products + r * Kind::gates * n : nullptr, bias, hidden + r * n,
            cell ? cell + r * n : nullptr, y.of_sample(r), previous.of_sample(r), kept.of_sample(r)},
           n);
  });
}

void enqueue_step_back(stream& s, const recurrent_step_backward_arguments& of, std::int64_t gate_count,
                       void (*work)(const step_back_row&, std::int64_t)) {
  const auto batch = of.direct.rows(), n = of.direct.columns();
  assert(of.gates.columns() == gate_count * n && of.dproducts.columns() == gate_count * n);
  host(s).launch([=, dy = position_rows(&of.dy, of.position), gates = position_rows(&of.gates, of.position),
                  previous = position_rows(&of.previous, of.position), kept = position_rows(&of.kept, of.position),
                  dgates = position_rows(&of.dgates, of.position),
                  drecurrent = position_rows(&of.drecurrent, of.position), dhidden = of.dhidden.f32(),
                  direct = of.direct.f32(), dproducts = of.dproducts.f32()] {
    for (std::int64_t r = 0; r < batch; ++r)
      work({dy.of_sample(r), gates.of_sample(r), previous.of_sample(r), kept.of_sample(r), dhidden + r * n,
            direct + r * n, dgates.of_sample(r), drecurrent.of_sample(r), dproducts + r * gate_count * n},
           n);
  });
}

} // namespace

void cpu_operators::lstm_step(stream& s, const recurrent_step_arguments& of) {
  assert(of.cell);
  enqueue_step<lstm_row>(s, of);
}

void cpu_operators::lstm_step_backward(stream& s, const recurrent_step_backward_arguments& of) {
  enqueue_step_back(s, of, lstm_row::gates, lstm_row_back);
}

void cpu_operators::gru_step(stream& s, const recurrent_step_arguments& of) {
  enqueue_step<gru_row>(s, of);
}

void cpu_operators::gru_step_backward(stream& s, const recurrent_step_backward_arguments& of) {
  enqueue_step_back(s, of, gru_row::gates, gru_row_back);
}

} // namespace syngrad::cpu
