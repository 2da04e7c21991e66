#include "runtime/cpu/vector_math.hpp"
#include "tests/runtime/device_under_test.hpp"

#include <bit>
#include <cmath>
#include <functional>

using namespace syngrad;
using reference::matrix;

namespace {

constexpr tolerances::tolerance one_step{1e-5, 1e-5}; // a dozen roundings, of functions good to 3e-7

double logistic(double x) {
  return 1 / (1 + std::exp(-x));
}

// One feature of one sample: what a step makes of gates p and q and of the state, and what its gradient is, by central
// differences of the same.
struct recurrent_cell {
  std::vector<double> p, q;
  double h, c;
};
struct next_state {
  double h, c;
  std::vector<double> gates;
};

next_state lstm_reference(const recurrent_cell& at) {
  const auto i = logistic(at.p[0] + at.q[0]), f = logistic(at.p[1] + at.q[1]), g = std::tanh(at.p[2] + at.q[2]),
             o = logistic(at.p[3] + at.q[3]), c = f * at.c + i * g;
  return {o * std::tanh(c), c, {i, f, g, o}};
}

next_state gru_reference(const recurrent_cell& at) {
  const auto r = logistic(at.p[0] + at.q[0]), z = logistic(at.p[1] + at.q[1]), n = std::tanh(at.p[2] + r * at.q[2]);
  return {(1 - z) * n + z * at.h, 0, {r, z, n}};
}

struct recurrent_case {
  const char* name;
  std::int64_t gates;
  bool has_cell;
  next_state (*reference)(const recurrent_cell&);
  void (recurrent_operators::*step)(stream&, const recurrent_step_arguments&);
  void (recurrent_operators::*step_backward)(stream&, const recurrent_step_backward_arguments&);
};

const recurrent_case all_recurrent[] = {
  {"lstm", 4, true, lstm_reference, &operators::lstm_step, &operators::lstm_step_backward},
  {"gru", 3, false, gru_reference, &operators::gru_step, &operators::gru_step_backward}};

struct recurrent_extents {
  std::int64_t batch, positions, hidden;
};
const recurrent_extents all_extents[] = {{1, 1, 1}, {3, 4, 5}, {2, 3, 16}, {5, 2, 33}, {7, 3, 128}};

// The inputs of a step and where its results go; rows of matrices that have positions are sample * positions +
// position.
struct step_data {
  step_data(device_under_test& bench, const recurrent_case& of, const recurrent_extents& e)
    : size(e), kind(of), p(bench.normal(e.batch * e.positions, of.gates * e.hidden)),
      products(bench.normal(e.batch, of.gates * e.hidden)), bias(bench.normal(1, of.gates * e.hidden)),
      h(bench.normal(e.batch, e.hidden)), c(bench.normal(e.batch, e.hidden)),
      gates(bench.upload(p, {e.batch, e.positions, of.gates * e.hidden})), hidden(bench.upload(h)),
      cell(bench.upload(c)), y(bench.zeros({e.batch, e.positions, e.hidden})),
      previous(bench.zeros({e.batch, e.positions, e.hidden})), kept(bench.zeros({e.batch, e.positions, e.hidden})) {}

  recurrent_cell at(std::int64_t sample, std::int64_t position, std::int64_t j, bool with_products = true) const {
    recurrent_cell out{{}, {}, h(sample, j), c(sample, j)};
    for (std::int64_t k = 0; k < kind.gates; ++k) {
      out.p.push_back(p(sample * size.positions + position, k * size.hidden + j));
      out.q.push_back((with_products ? products(sample, k * size.hidden + j) : 0) + bias(0, k * size.hidden + j));
    }
    return out;
  }

  void run(device_under_test& bench, std::int64_t position, bool with_products, bool keeps) {
    const auto on_products = bench.upload(products), on_bias = bench.upload(bias);
    (bench.ops().*kind.step)(bench.on(), {.position = position,
                                          .gates = gates,
                                          .products = with_products ? &on_products : nullptr,
                                          .bias = on_bias,
                                          .hidden = hidden,
                                          .cell = kind.has_cell ? &cell : nullptr,
                                          .y = y,
                                          .previous = keeps ? &previous : nullptr,
                                          .kept = keeps ? &kept : nullptr});
  }

  recurrent_extents size;
  const recurrent_case& kind;
  matrix p, products, bias, h, c;
  tensor gates, hidden, cell, y, previous, kept;
};

// A matrix with positions that has `value` at one of them and `otherwise` at the others.
matrix at_position(const recurrent_extents& size, std::int64_t position, std::int64_t columns, const matrix& otherwise,
                   const std::function<double(std::int64_t sample, std::int64_t column)>& value) {
  auto out = otherwise;
  for (std::int64_t r = 0; r < size.batch; ++r)
    for (std::int64_t j = 0; j < columns; ++j) out(r * size.positions + position, j) = value(r, j);
  return out;
}

} // namespace

TEST_CASE("a step of an LSTM and of a GRU equals PyTorch's equations, and touches one position only") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const bool with_products = GENERATE(true, false), keeps = GENERATE(true, false);
  for (const auto& kind : all_recurrent)
    for (const auto& size : all_extents) {
      const auto n = size.hidden, position = size.positions - 1;
      CAPTURE(kind.name, size.batch, size.positions, n, with_products, keeps);
      step_data data(bench, kind, size);
      data.run(bench, position, with_products, keeps);
      matrix h(size.batch, n), c(size.batch, n), gates = data.p;
      for (std::int64_t r = 0; r < size.batch; ++r)
        for (std::int64_t j = 0; j < n; ++j) {
          const auto next = kind.reference(data.at(r, position, j, with_products));
          h(r, j) = next.h;
          c(r, j) = kind.has_cell ? next.c : data.c(r, j);
          for (std::int64_t k = 0; keeps && k < kind.gates; ++k)
            gates(r * size.positions + position, k * n + j) = next.gates[static_cast<std::size_t>(k)];
        }
      const matrix zeros(size.batch * size.positions, n);
      const auto y = at_position(size, position, n, zeros, [&](auto r, auto j) { return h(r, j); });
      REQUIRE(worst_error(bench.download(data.hidden), h, one_step) <= 1);
      REQUIRE(worst_error(bench.download(data.cell), c, one_step) <= 1);
      REQUIRE(worst_error(bench.download(data.y), y, one_step) <= 1);
      REQUIRE(worst_error(bench.download(data.gates), gates, one_step) <= 1);
      const auto previous = at_position(size, position, n, zeros, [&](auto r, auto j) { return data.h(r, j); });
      REQUIRE(bench.download(data.previous) == (keeps ? previous : zeros));
      const auto kept = at_position(size, position, n, zeros, [&](auto r, auto j) {
        return kind.has_cell ? data.c(r, j) : data.at(r, position, j, with_products).q[2];
      });
      REQUIRE(worst_error(bench.download(data.kept), keeps ? kept : zeros, one_step) <= 1);
    }
}

TEST_CASE("the gradients of a step equal differences of its equations") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  for (const auto& kind : all_recurrent)
    for (const auto& size : all_extents) {
      const auto n = size.hidden, position = size.positions / 2, rows = size.batch * size.positions;
      CAPTURE(kind.name, size.batch, size.positions, n);
      step_data data(bench, kind, size);
      data.run(bench, position, true, true);
      const auto dy = bench.normal(rows, n), dhidden = bench.normal(size.batch, n),
                 direct = bench.normal(size.batch, n);
      const shape wide{size.batch, size.positions, kind.gates * n};
      auto on_direct = bench.upload(direct), dgates = bench.zeros(wide), other = bench.zeros(wide),
           dproducts = bench.zeros({size.batch, kind.gates * n});
      auto& drecurrent = kind.has_cell ? dgates : other;
      (bench.ops().*kind.step_backward)(bench.on(), {.position = position,
                                                     .dy = bench.upload(dy, {size.batch, size.positions, n}),
                                                     .gates = data.gates,
                                                     .previous = data.previous,
                                                     .kept = data.kept,
                                                     .dhidden = bench.upload(dhidden),
                                                     .direct = on_direct,
                                                     .dgates = dgates,
                                                     .drecurrent = drecurrent,
                                                     .dproducts = dproducts});

      matrix of_p(rows, kind.gates * n), of_q = of_p, of_products(size.batch, kind.gates * n), of_state(size.batch, n);
      for (std::int64_t r = 0; r < size.batch; ++r)
        for (std::int64_t j = 0; j < n; ++j) {
          // The loss is linear in what the step gives; a GRU has the carried gradient at h', an LSTM at c'.
          const auto loss = [&](const recurrent_cell& at) {
            const auto next = kind.reference(at);
            const auto of_h = dy(r * size.positions + position, j) + dhidden(r, j);
            return kind.has_cell ? of_h * next.h + direct(r, j) * next.c : (of_h + direct(r, j)) * next.h;
          };
          auto at = data.at(r, position, j);
          const auto slope = [&](double& of) {
            const auto middle = of;
            of = middle + tolerances::difference_step;
            const auto above = loss(at);
            of = middle - tolerances::difference_step;
            const auto difference = above - loss(at);
            of = middle;
            return difference / (2 * tolerances::difference_step);
          };
          for (std::int64_t k = 0; k < kind.gates; ++k) {
            const auto gate = static_cast<std::size_t>(k);
            of_p(r * size.positions + position, k * n + j) = slope(at.p[gate]);
            of_q(r * size.positions + position, k * n + j) = of_products(r, k * n + j) = slope(at.q[gate]);
          }
          of_state(r, j) = slope(kind.has_cell ? at.c : at.h);
        }
      REQUIRE(worst_error(bench.download(dgates), of_p, tolerances::finite_difference) <= 1);
      REQUIRE(worst_error(bench.download(drecurrent), of_q, tolerances::finite_difference) <= 1);
      REQUIRE(worst_error(bench.download(dproducts), of_products, tolerances::finite_difference) <= 1);
      REQUIRE(worst_error(bench.download(on_direct), of_state, tolerances::finite_difference) <= 1);
    }
}

TEST_CASE("gates saturate without overflow, and a NaN stays one") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  for (const auto& kind : all_recurrent) {
    CAPTURE(kind.name);
    const recurrent_extents size{1, 1, 21};
    step_data data(bench, kind, size);
    for (std::int64_t k = 0; k < kind.gates; ++k)
      for (std::int64_t j = 0; j < size.hidden; ++j)
        data.p(0, k * size.hidden + j) =
          (j % 2 ? 1.0 : -1.0) * static_cast<double>(k + 1) * std::pow(10.0, static_cast<double>(j % 7 * 5)); // to 4e30
    data.p(0, 20) = std::nan("");
    data.gates = bench.upload(data.p, {1, 1, kind.gates * size.hidden});
    data.run(bench, 0, true, true);
    const auto h = bench.download(data.hidden);
    REQUIRE(std::isnan(h(0, 20)));
    for (std::int64_t j = 0; j < 20; ++j) REQUIRE(std::abs(h(0, j) - kind.reference(data.at(0, 0, j)).h) <= 1e-5);
  }
}

TEST_CASE("the vector forms of tanh and of the logistic function keep their error bounds") {
  double worst = 0, worst_logistic = 0;
  for (std::uint32_t bits = 0x00800000; bits < 0x41400000; bits += 97) { // from the least normal number to 12
    const auto x = std::bit_cast<float>(bits);
    const auto exact = std::tanh(double{x});
    const auto unit = std::ldexp(1.0, std::ilogb(static_cast<float>(exact)) - 23);
    const auto got = cpu::fast_tanh(x);
    worst = std::max(worst, std::abs(double{got} - exact) / unit);
    if (got > 1 || cpu::fast_tanh(-x) != -got) FAIL("at " << x);
    for (const auto signed_x : {x, -x})
      worst_logistic =
        std::max(worst_logistic, std::abs(double{cpu::fast_sigmoid(signed_x)} - logistic(double{signed_x})));
  }
  REQUIRE(worst < 7);
  REQUIRE(worst_logistic < 2e-7);
  REQUIRE(cpu::fast_tanh(1e30f) == Approx(1).epsilon(3e-7));
  REQUIRE(cpu::fast_tanh(-INFINITY) == -cpu::fast_tanh(INFINITY));
  REQUIRE(std::isnan(cpu::fast_tanh(std::nanf(""))));
  REQUIRE(cpu::fast_tanh(0) == 0);
}

TEST_CASE("the vector form of exp is that of the C library to the last bit but one") {
  std::int32_t worst = 0;
  for (std::uint32_t bits = std::bit_cast<std::uint32_t>(-1e-30f); bits < std::bit_cast<std::uint32_t>(-87.0f);
       bits += 97) {
    const auto x = std::bit_cast<float>(bits);
    const auto apart = std::bit_cast<std::int32_t>(cpu::accurate_exp(x)) - std::bit_cast<std::int32_t>(std::exp(x));
    worst = std::max(worst, std::abs(apart));
  }
  REQUIRE(worst <= 1);
  REQUIRE(cpu::accurate_exp(0) == 1);
  REQUIRE(cpu::accurate_exp(-0.0f) == 1);
  REQUIRE(cpu::accurate_exp(-1e30f) == 0);
  REQUIRE(cpu::accurate_exp(-INFINITY) == 0);
  REQUIRE(std::isnan(cpu::accurate_exp(std::nanf(""))));
}
