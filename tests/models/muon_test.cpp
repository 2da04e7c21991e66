// Muon against its formula, in double and element by element, and what its orthogonal factors are.
#include "models/network.hpp"
#include "models/optimizer.hpp"
#include "models/optimizers/inverse_root.hpp"
#include "models/optimizers/newton_schulz.hpp"
#include "tests/models/bench.hpp"
#include "tests/models/tolerances.hpp"

#include <limits>
#include <numeric>

namespace syngrad {
namespace {

// Row-major, in double.
struct plain_matrix {
  plain_matrix(std::int64_t its_rows, std::int64_t its_columns)
    : rows(static_cast<std::size_t>(its_rows)), columns(static_cast<std::size_t>(its_columns)), at(rows * columns) {}
  plain_matrix(std::int64_t its_rows, std::int64_t its_columns, const tensor& from)
    : plain_matrix(its_rows, its_columns) {
    std::ranges::copy(values(from), at.begin());
  }
  double& operator()(std::size_t r, std::size_t c) { return at[r * columns + c]; }
  double operator()(std::size_t r, std::size_t c) const { return at[r * columns + c]; }

  std::size_t rows, columns;
  std::vector<double> at;
};

plain_matrix product(const plain_matrix& a, const plain_matrix& b) {
  plain_matrix out(static_cast<std::int64_t>(a.rows), static_cast<std::int64_t>(b.columns));
  for (std::size_t i = 0; i < a.rows; ++i)
    for (std::size_t k = 0; k < a.columns; ++k)
      for (std::size_t j = 0; j < b.columns; ++j) out(i, j) += a(i, k) * b(k, j);
  return out;
}

plain_matrix transposed(const plain_matrix& a) {
  plain_matrix out(static_cast<std::int64_t>(a.columns), static_cast<std::int64_t>(a.rows));
  for (std::size_t i = 0; i < a.rows; ++i)
    for (std::size_t j = 0; j < a.columns; ++j) out(j, i) = a(i, j);
  return out;
}

// Five steps, as they are written down.
plain_matrix factor_of(plain_matrix x) {
  double squares = 0;
  for (const auto each : x.at) squares += each * each;
  for (auto& each : x.at) each /= std::max(std::sqrt(squares), 1e-7);
  const bool tall = x.rows > x.columns;
  if (tall) x = transposed(x);
  for (int step = 0; step < 5; ++step) {
    const auto square = product(x, transposed(x)), fourth = product(square, square);
    const auto cubic = product(square, x), quintic = product(fourth, x);
    for (std::size_t i = 0; i < x.at.size(); ++i)
      x.at[i] = 3.4445 * x.at[i] - 4.7750 * cubic.at[i] + 2.0315 * quintic.at[i];
  }
  return tall ? transposed(x) : x;
}

// Of Gauss and Jordan.
plain_matrix inverse_of(plain_matrix a) {
  plain_matrix out(static_cast<std::int64_t>(a.rows), static_cast<std::int64_t>(a.rows));
  for (std::size_t i = 0; i < a.rows; ++i) out(i, i) = 1;
  for (std::size_t p = 0; p < a.rows; ++p) {
    const auto pivot = a(p, p);
    for (std::size_t j = 0; j < a.rows; ++j) {
      a(p, j) /= pivot;
      out(p, j) /= pivot;
    }
    for (std::size_t i = 0; i < a.rows; ++i) {
      const auto factor = a(i, p);
      for (std::size_t j = 0; i != p && j < a.rows; ++j) {
        a(i, j) -= factor * a(p, j);
        out(i, j) -= factor * out(p, j);
      }
    }
  }
  return out;
}

// The root that x / |x| is multiplied by, on the smaller side.
plain_matrix root_of(plain_matrix x) {
  if (x.rows > x.columns) x = transposed(x);
  double squares = 0;
  for (const auto each : x.at) squares += each * each;
  auto square = product(x, transposed(x));
  for (auto& each : square.at) each /= squares;
  plain_matrix root(static_cast<std::int64_t>(x.rows), static_cast<std::int64_t>(x.rows));
  for (const auto& [shift, weight] : {std::pair{3.34711456e-3, 8.91060654e-2}, {4.26958225e-1, 1.20042192}}) {
    auto shifted = square;
    for (std::size_t i = 0; i < x.rows; ++i) shifted(i, i) += shift;
    const auto inverse = inverse_of(shifted);
    for (std::size_t i = 0; i < root.at.size(); ++i) root.at[i] += weight * inverse.at[i];
  }
  return root;
}

// That, times u / |u|, and no longer than an orthogonal matrix.
plain_matrix orthogonalized_by(const plain_matrix& whole, const plain_matrix& u) {
  auto out = u.rows > u.columns ? product(u, whole) : product(whole, u);
  const auto norm_of = [](const plain_matrix& x) {
    return std::sqrt(std::inner_product(x.at.begin(), x.at.end(), x.at.begin(), 0.0));
  };
  for (auto& each : out.at) each /= norm_of(u);
  const auto bound = std::sqrt(static_cast<double>(whole.rows)), length = norm_of(out);
  for (auto& each : out.at) each /= std::max(length / bound, 1.0);
  return out;
}

// What trains one parameter, by its formula.
struct by_formula {
  by_formula(const parameter& of, double its_rate, double its_decay, int its_every = 1)
    : every(its_every), is_matrix(of.kind == parameter_kind::weight), rows(is_matrix ? of.extents[0] : 1),
      value(rows, of.extents.elements() / rows, of.value), first(rows, of.extents.elements() / rows), second(first),
      rate(its_rate), decay(of.decays() ? its_decay : 0) {}

  void step(const parameter& of, double scale, int number) {
    const plain_matrix gradient(rows, of.extents.elements() / rows, of.gradient);
    auto direction = gradient;
    for (std::size_t i = 0; i < value.at.size(); ++i) {
      const auto g = scale * gradient.at[i];
      auto &m = first.at[i], &v = second.at[i];
      if (is_matrix) {
        m = 0.95 * m + g;
        direction.at[i] = g + 0.95 * m;
      } else {
        m = 0.9 * m + 0.1 * g;
        v = 0.95 * v + 0.05 * g * g;
        direction.at[i] = m / (1 - std::pow(0.9, number)) / (std::sqrt(v / (1 - std::pow(0.95, number))) + 1e-8);
      }
    }
    if (is_matrix && every == 1) direction = factor_of(direction);
    if (is_matrix && every > 1) {
      if ((number - 1) % every == 0) kept = root_of(direction);
      direction = orthogonalized_by(kept, direction);
    }
    const auto shape_factor =
      is_matrix ? std::sqrt(std::max(1.0, static_cast<double>(value.rows) / static_cast<double>(value.columns))) : 0.05;
    // Adam's rate is a twentieth of the other, for its weight decay as well.
    const auto decay_rate = is_matrix ? rate : 0.05 * rate;
    for (std::size_t i = 0; i < value.at.size(); ++i)
      value.at[i] -= rate * shape_factor * direction.at[i] + decay_rate * decay * value.at[i];
  }

  int every;
  bool is_matrix;
  std::int64_t rows;
  plain_matrix value, first, second, kept{0, 0};
  double rate, decay;
};

TEST_CASE("muon moves matrices along their orthogonal factors and all else by adamw, as its formula says") {
  const auto every = GENERATE(1, 3);
  CAPTURE(every);
  bench b;
  parameter tall("weight", {12, 5}), wide("filter", {4, 3, 3, 2}), bias("bias", {12}),
    head("head", {3, 4}, parameter_kind::output_weight), table("table", {9, 12}, parameter_kind::embedding);
  const std::vector<parameter*> all{&table, &tall, &bias, &wide, &head};
  arena memory(b.s, {{&table}, {&tall, &bias, &wide}, {}, {&head}});
  const optimizer_settings settings{.name = "muon", .weight_decay = 0.1f, .beta2 = 0.95f, .muon_every = every};
  const auto by = std::move(make_optimizer(b.s, memory, settings).value());
  std::vector<by_formula> expected;
  for (auto* each : all) {
    b.s.ops().copy(b.s, b.normal(each->extents), each->value);
    expected.emplace_back(*each, double{0.02f}, double{0.1f}, every);
  }
  const auto start = to_vector(memory.values());
  for (int number = 1; number <= 50; ++number) {
    for (auto* each : all) b.s.ops().copy(b.s, b.normal(each->extents), each->gradient);
    optimizer_step now{.scale = 0.25f, .learning_rate = 0.02f, .number = number};
    uploaded_numbers uploaded;
    const auto numbers = by->numbers_of(now);
    uploaded.upload(b.s, {&numbers, 1});
    const auto in_memory = uploaded.of_step(0);
    if (number % 7 == 0) now = {.number = number, .numbers = &in_memory};
    for (const auto& range : memory.ranges())
      if (range.count > 0) by->step(b.s, memory, range, now);
    for (std::size_t i = 0; i < all.size(); ++i) expected[i].step(*all[i], 0.25, number);
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    INFO(all[i]->name);
    std::vector<float> wanted(expected[i].value.at.begin(), expected[i].value.at.end());
    CHECK(relative_distance(values(all[i]->value), wanted) < 1e-5);
  }
  CHECK(relative_distance(values(memory.values()), start) > 0.1);
  // One moment of 60 and 72 values of weights, two of the others, with their padding.
  REQUIRE(by->moments().size() == (every == 1 ? 2 : 3));
  if (every > 1) CHECK(by->moments()[2]->elements() == padded(5 * 5) + padded(4 * 4));
  CHECK(by->moments()[0]->elements() == memory.values().elements());
  CHECK(by->moments()[1]->elements() == memory.values().elements() - padded(60) - padded(72));
}

// u - 2 (u.v) v / (v.v) of each row: what it makes of a matrix with orthonormal rows is one.
plain_matrix reflected(plain_matrix of, bench& b) {
  std::vector<double> v(of.columns);
  for (auto& each : v) each = b.random.normal();
  const auto square = std::inner_product(v.begin(), v.end(), v.begin(), 0.0);
  for (std::size_t r = 0; r < of.rows; ++r) {
    double along = 0;
    for (std::size_t c = 0; c < of.columns; ++c) along += of(r, c) * v[c];
    for (std::size_t c = 0; c < of.columns; ++c) of(r, c) -= 2 * along / square * v[c];
  }
  return of;
}

plain_matrix orthonormal_rows(std::int64_t rows, std::int64_t columns, bench& b) {
  plain_matrix out(rows, columns);
  for (std::size_t r = 0; r < out.rows; ++r) out(r, r) = 1;
  for (int i = 0; i < 4; ++i) out = reflected(out, b);
  return out;
}

struct by_singular_values {
  // [rows, columns] with these singular values, the rest is zero.
  by_singular_values(std::int64_t rows, std::int64_t columns, const std::vector<double>& singular, bench& b)
    : left(orthonormal_rows(static_cast<std::int64_t>(singular.size()), rows, b)),
      right(orthonormal_rows(static_cast<std::int64_t>(singular.size()), columns, b)) {
    auto scaled = right;
    for (std::size_t i = 0; i < singular.size(); ++i)
      for (std::size_t c = 0; c < right.columns; ++c) scaled(i, c) *= singular[i];
    const auto whole = product(transposed(left), scaled);
    matrix = b.upload({rows, columns}, std::vector<float>(whole.at.begin(), whole.at.end()));
  }

  // left x right', diagonal where x has the same singular vectors.
  plain_matrix seen_through(const tensor& x) const {
    return product(product(left, plain_matrix(x.rows(), x.columns(), x)), transposed(right));
  }

  plain_matrix left, right;
  tensor matrix;
};

TEST_CASE("an orthogonal factor has the singular vectors of its matrix, and singular values near one") {
  for (const auto& [rows, columns] : {std::pair<std::int64_t, std::int64_t>{40, 40}, {40, 90}, {90, 40}}) {
    CAPTURE(rows, columns);
    bench b;
    std::vector<double> singular;
    for (int i = 0; i < 40; ++i) singular.push_back(3e4 * std::pow(0.9, i)); // down to a sixtieth
    const by_singular_values of(rows, columns, singular, b);
    const auto seen = of.seen_through(orthogonal_factor(b.s, of.matrix));
    for (std::size_t i = 0; i < seen.rows; ++i)
      for (std::size_t j = 0; j < seen.columns; ++j) {
        CAPTURE(i, j, seen(i, j));
        if (i == j) {
          REQUIRE(seen(i, j) > 0.65);
          REQUIRE(seen(i, j) < 1.25);
        } else {
          REQUIRE(std::abs(seen(i, j)) < tolerance::products);
        }
      }
  }
}

// As a step along it moves a value.
tensor orthogonalized(bench& b, const tensor& x, const tensor& root) {
  const auto along = times_root(b.s, x, root);
  auto out = b.upload(x.extents(), std::vector<float>(static_cast<std::size_t>(x.elements())));
  b.s.ops().direction_step(b.s, arguments_of(out, x, 0, 0, {.learning_rate = -1}), along.product, along.scaled_by(1));
  return out;
}

TEST_CASE("the root of a matrix makes its orthogonal factor, and of another one nothing longer than one") {
  for (const auto& [rows, columns] : {std::pair<std::int64_t, std::int64_t>{40, 40}, {40, 90}, {90, 40}}) {
    CAPTURE(rows, columns);
    bench b;
    std::vector<double> singular;
    for (int i = 0; i < 40; ++i) singular.push_back(3e4 * std::pow(0.9, i));
    const by_singular_values of(rows, columns, singular, b);
    auto root = b.upload({40, 40}, std::vector<float>(1600));
    write_inverse_root(b.s, of.matrix, root);
    const auto seen = of.seen_through(orthogonalized(b, of.matrix, root));
    const auto square = std::inner_product(singular.begin(), singular.end(), singular.begin(), 0.0);
    for (std::size_t i = 0; i < seen.rows; ++i)
      for (std::size_t j = 0; j < seen.columns; ++j) {
        CAPTURE(i, j, seen(i, j));
        if (i == j)
          REQUIRE(seen(i, j) == Approx(1 / std::sqrt(1 + 1e-3 * square / (singular[i] * singular[i]))).epsilon(0.07));
        else
          REQUIRE(std::abs(seen(i, j)) < 1e-3);
      }
    // A direction that the root's matrix hardly has becomes long, and is cut.
    auto other = by_singular_values(rows, columns, {1}, b).matrix;
    const auto cut = orthogonalized(b, other, root);
    CHECK(norm(values(cut)) <= std::sqrt(40.0) * (1 + tolerance::formula));
    // Of nothing: what is multiplied by it keeps its direction, and is as long as an orthogonal matrix.
    auto zero = b.upload({rows, columns}, std::vector<float>(static_cast<std::size_t>(rows * columns)));
    write_inverse_root(b.s, zero, root);
    const auto along = orthogonalized(b, other, root);
    CHECK(norm(values(along)) == Approx(std::sqrt(40.0)));
    b.s.ops().scale(b.s, other, static_cast<float>(std::sqrt(40.0)));
    CHECK(relative_distance(along, other) < 1e-5);
    CHECK(norm(values(orthogonalized(b, zero, root))) == 0);
  }
}

TEST_CASE("where a matrix has no full rank its factor has neither, and all of it is finite") {
  for (const auto& [rows, columns] : {std::pair<std::int64_t, std::int64_t>{30, 30}, {20, 50}, {50, 20}}) {
    CAPTURE(rows, columns);
    bench b;
    const by_singular_values of(rows, columns, {5, 4, 3}, b);
    const auto factor = orthogonal_factor(b.s, of.matrix);
    double squares = 0;
    for (const auto each : values(factor)) squares += double{each} * double{each};
    CHECK(squares > 3 * 0.65 * 0.65); // of three singular values
    CHECK(squares < 3 * 1.25 * 1.25);
    const auto zero =
      orthogonal_factor(b.s, b.upload({rows, columns}, std::vector<float>(static_cast<std::size_t>(rows * columns))));
    CHECK(norm(values(zero)) == 0);
    const auto largest = orthogonal_factor(b.s, b.normal({rows, columns}, 1e18));
    for (const auto each : values(largest)) REQUIRE(std::isfinite(each));
  }
}

TEST_CASE("gradients of zero, of one rank and such as cannot be applied leave muon's weights and moments finite") {
  const auto every = GENERATE(1, 2);
  bench b;
  parameter weight("weight", {6, 9});
  arena memory(b.s, {{&weight}});
  const auto by = std::move(make_optimizer(b.s, memory, {.name = "muon", .muon_every = every}).value());
  b.s.ops().copy(b.s, b.normal({6, 9}), weight.value);
  std::int64_t number = 0;
  auto nonfinite = b.upload({1}, {0});
  const auto step = [&] {
    by->step(b.s, memory, memory.ranges()[0],
             {.scale = 1, .learning_rate = 0.02f, .number = ++number, .nonfinite = &nonfinite});
  };
  const auto start = to_vector(weight.value);
  step();
  CHECK(to_vector(weight.value) == start); // by a gradient of zero
  const auto nan = std::numeric_limits<float>::quiet_NaN();
  for (const float element : {1.0f, 0.0f, nan, 1e30f, 1e19f, 1e-30f}) {
    std::ranges::fill(values(weight.gradient).subspan(0, 9), element);
    for (int i = 0; i < 3; ++i) step();
    for (const auto each : values(weight.value)) REQUIRE(std::isfinite(each));
    for (const auto* moment : by->moments())
      for (const auto each : values(*moment)) REQUIRE(std::isfinite(each));
  }
  CHECK(values(nonfinite)[0] == 2 * 3 * 9);
  CHECK(to_vector(weight.value) != start);
}

TEST_CASE("a first step that is guarded away leaves a root by which later steps move on") {
  bench b;
  parameter weight("weight", {6, 9});
  arena memory(b.s, {{&weight}});
  const auto by = std::move(make_optimizer(b.s, memory, {.name = "muon", .muon_every = 50}).value());
  b.s.ops().copy(b.s, b.normal({6, 9}), weight.gradient);
  const auto bad = b.upload({1}, {std::numeric_limits<float>::quiet_NaN()});
  const auto step = [&](std::int64_t number, const tensor* guard) {
    by->step(b.s, memory, memory.ranges()[0], {.learning_rate = 0.02f, .number = number, .guard = guard});
  };
  step(1, &bad);
  CHECK(norm(values(weight.value)) == 0);
  step(2, nullptr);
  CHECK(norm(values(weight.value)) == Approx(0.02 * std::sqrt(6.0))); // as far as an orthogonal matrix
}

TEST_CASE("of a network the last weight makes the outputs, and is no matrix of muon's") {
  const auto matrices_of = [](const std::string& text) {
    std::vector<std::string> names;
    const auto net = std::move(make_network(text).value());
    int number = 0;
    for (const auto& unit : net.units)
      for (const auto& each : unit) {
        for (const auto* parameter : each->parameters())
          if (parameter->kind == parameter_kind::weight)
            names.push_back(std::to_string(number) + "." + parameter->name);
        ++number;
      }
    return names;
  };
  using names = std::vector<std::string>;
  CHECK(matrices_of("mlp:7-6x2-3") == names{"0.weight", "2.weight"});
  CHECK(matrices_of("mlp:7-3").empty());
  CHECK(matrices_of("cnn:8x8x1-4-5") == names{"0.weight"});
  CHECK(matrices_of("lstm:1x8,chunk=4,vocab=5") == names{"1.weight_ih_l0", "1.weight_hh_l0"});
  CHECK(matrices_of("gpt:1x8,heads=2,context=4,vocab=5") ==
        names{"1.1.in_proj_weight", "1.1.out_proj.weight", "2.1.weight", "2.3.weight"});
}

} // namespace
} // namespace syngrad
