#include "actors/links/gradient_subspace.hpp"

#include "runtime/random.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace syngrad {

namespace {

constexpr std::int64_t tracked_besides = 4; // more than are sent, so that those converge
constexpr std::int64_t tracked_automatic = 32;
constexpr int first_steps = 4; // of a basis that begins at random
constexpr int most_sweeps = 30;

double squares_of(const float* values, std::int64_t count) {
  double sum = 0;
  for (std::int64_t i = 0; i < count; ++i) sum += double{values[i]} * values[i];
  return sum;
}

// to[0..n) += factor * from[0..n)
void add_multiple(const float* __restrict from, float factor, std::int64_t n, float* __restrict to) {
  for (std::int64_t i = 0; i < n; ++i) to[i] += factor * from[i];
}

// Cyclic Jacobi: `a` [n, n], symmetric, becomes diagonal, and `vectors` the rotation whose columns are its
// eigenvectors.
void diagonalise(std::vector<double>& a, std::vector<double>& vectors, std::int64_t n) {
  const auto at = [n](std::vector<double>& m, std::int64_t i, std::int64_t j) -> double& {
    return m[static_cast<std::size_t>(i * n + j)];
  };
  std::fill(vectors.begin(), vectors.end(), 0.0);
  double whole = 0;
  for (std::int64_t i = 0; i < n; ++i) at(vectors, i, i) = 1;
  for (const auto each : a) whole += each * each;
  for (int sweep = 0; sweep < most_sweeps; ++sweep) {
    double beside = 0;
    for (std::int64_t i = 0; i < n; ++i)
      for (std::int64_t j = 0; j < i; ++j) beside += at(a, i, j) * at(a, i, j);
    if (beside <= 1e-20 * whole) return;
    for (std::int64_t p = 0; p < n; ++p)
      for (std::int64_t q = p + 1; q < n; ++q) {
        const auto apq = at(a, p, q);
        if (apq == 0) continue;
        const auto theta = (at(a, q, q) - at(a, p, p)) / (2 * apq);
        const auto t = std::copysign(1.0, theta) / (std::abs(theta) + std::sqrt(theta * theta + 1));
        const auto c = 1 / std::sqrt(t * t + 1), s = t * c;
        const auto rotate = [c, s](double& x, double& y) {
          const auto first = c * x - s * y;
          y = s * x + c * y;
          x = first;
        };
        for (std::int64_t k = 0; k < n; ++k) rotate(at(a, k, p), at(a, k, q));
        for (std::int64_t k = 0; k < n; ++k) rotate(at(a, p, k), at(a, q, k));
        for (std::int64_t k = 0; k < n; ++k) rotate(at(vectors, k, p), at(vectors, k, q));
      }
  }
}

// x [rows, n] <- x turn [n, n]
void turn_columns(std::vector<float>& x, const std::vector<double>& turn, std::int64_t n, std::vector<float>& row) {
  row.resize(static_cast<std::size_t>(n));
  for (std::size_t at = 0; at < x.size(); at += static_cast<std::size_t>(n)) {
    std::fill(row.begin(), row.end(), 0.0f);
    for (std::int64_t i = 0; i < n; ++i)
      for (std::int64_t j = 0; j < n; ++j)
        row[static_cast<std::size_t>(j)] +=
          x[at + static_cast<std::size_t>(i)] * static_cast<float>(turn[static_cast<std::size_t>(i * n + j)]);
    std::copy(row.begin(), row.end(), x.begin() + static_cast<std::ptrdiff_t>(at));
  }
}

// The largest rank at which factors take fewer bytes than the whole tensor.
std::int64_t most_rank(const shape& extents, wire_format elements) {
  std::int64_t rank = 0;
  while (factor_bytes(extents, rank + 1, elements) < wire_bytes(extents, elements)) ++rank;
  return rank;
}

} // namespace

std::size_t factor_bytes(const shape& extents, std::int64_t rank, wire_format elements) {
  return wire_bytes({extents.rows(), rank}, elements) + wire_bytes({rank, extents.columns()}, elements);
}

void factors_from_wire(const char* in, const shape& extents, std::int64_t rank, wire_format elements,
                       std::vector<float>& factors, float* values) {
  const auto rows = extents.rows(), columns = extents.columns();
  factors.resize(static_cast<std::size_t>((rows + columns) * rank));
  auto *left = factors.data(), *right = left + rows * rank;
  from_wire(in, {rows, rank}, elements, left);
  from_wire(in + wire_bytes({rows, rank}, elements), {rank, columns}, elements, right);
  std::fill_n(values, rows * columns, 0.0f);
  for (std::int64_t r = 0; r < rows; ++r)
    for (std::int64_t k = 0; k < rank; ++k)
      add_multiple(right + k * columns, left[r * rank + k], columns, values + r * columns);
}

double gradient_subspace::to_wire(const float* gradient, const shape& extents, wire_format elements, char* out) {
  syngrad::to_wire(left_.data(), {rows_, rank_}, elements, out);
  syngrad::to_wire(right_.data(), {rank_, columns_}, elements, out + wire_bytes({rows_, rank_}, elements));
  back_.resize(static_cast<std::size_t>(rows_ * columns_));
  factors_from_wire(out, extents, rank_, elements, back_factors_, back_.data());
  for (std::size_t i = 0; i < back_.size(); ++i) back_[i] -= gradient[i];
  return squares_of(back_.data(), rows_ * columns_) / squares_of(gradient, rows_ * columns_);
}

bool gradient_subspace::factor(const float* gradient, const shape& extents, wire_format elements) {
  rank_ = 0;
  rows_ = extents.rows();
  if (extents.columns() < 2 || rows_ < 2) return false;
  const auto columns = extents.columns();
  const auto whole = squares_of(gradient, rows_ * columns);
  if (!(whole > 0) || !std::isfinite(whole)) return false;
  int steps = 1;
  if (columns != columns_) {
    begin(columns);
    steps = first_steps;
  }
  for (; steps > 0; --steps) {
    multiply(gradient);
    // Small gradients must not vanish when they are multiplied once more.
    const auto scale = static_cast<float>(1 / std::sqrt(whole));
    for (auto& each : products_) each *= scale;
    iterate(gradient);
  }
  multiply(gradient);
  turn();
  const auto most = std::min({most_rank(extents, elements), rows_, tracked_});
  double kept = 0;
  while (rank_ < most && (how_.automatic ? kept < wire_rank::kept * whole : rank_ < how_.columns))
    kept += energies_[static_cast<std::size_t>(rank_++)];
  if (rank_ == 0 || (how_.automatic && kept < wire_rank::kept * whole)) return false;
  left_.resize(static_cast<std::size_t>(rows_ * rank_));
  right_.resize(static_cast<std::size_t>(rank_ * columns_));
  for (std::int64_t r = 0; r < rows_; ++r)
    std::copy_n(products_.begin() + r * tracked_, rank_, left_.begin() + r * rank_);
  for (std::int64_t c = 0; c < columns_; ++c)
    for (std::int64_t k = 0; k < rank_; ++k)
      right_[static_cast<std::size_t>(k * columns_ + c)] = basis_[static_cast<std::size_t>(c * tracked_ + k)];
  return true;
}

void gradient_subspace::begin(std::int64_t columns) {
  columns_ = columns;
  tracked_ = std::min(columns, how_.automatic ? tracked_automatic : how_.columns + tracked_besides);
  const auto count = static_cast<std::size_t>(columns * tracked_);
  basis_.resize(count);
  random_source random(1, static_cast<std::uint64_t>(columns));
  for (auto& each : basis_) each = static_cast<float>(random.normal());
  orthonormalise();
}

void gradient_subspace::multiply(const float* gradient) {
  products_.assign(static_cast<std::size_t>(rows_ * tracked_), 0.0f);
  for (std::int64_t r = 0; r < rows_; ++r)
    for (std::int64_t c = 0; c < columns_; ++c)
      add_multiple(basis_.data() + c * tracked_, gradient[r * columns_ + c], tracked_, products_.data() + r * tracked_);
}

void gradient_subspace::iterate(const float* gradient) {
  next_.assign(basis_.size(), 0.0f);
  for (std::int64_t r = 0; r < rows_; ++r)
    for (std::int64_t c = 0; c < columns_; ++c)
      add_multiple(products_.data() + r * tracked_, gradient[r * columns_ + c], tracked_, next_.data() + c * tracked_);
  std::swap(basis_, next_);
  orthonormalise();
}

// Gram and Schmidt, twice. A column that lies in the span of those before it, as where the gradient has few rows, gives
// its place to a random one.
void gradient_subspace::orthonormalise() {
  random_source random(2, static_cast<std::uint64_t>(columns_));
  const auto at = [this](std::int64_t row, std::int64_t column) -> float& {
    return basis_[static_cast<std::size_t>(row * tracked_ + column)];
  };
  for (std::int64_t k = 0; k < tracked_; ++k)
    for (int attempt = 0; attempt < 3; ++attempt) {
      double before = 0, after = 0;
      for (std::int64_t c = 0; c < columns_; ++c) before += double{at(c, k)} * at(c, k);
      for (int pass = 0; pass < 2; ++pass)
        for (std::int64_t j = 0; j < k; ++j) {
          double along = 0;
          for (std::int64_t c = 0; c < columns_; ++c) along += double{at(c, j)} * at(c, k);
          for (std::int64_t c = 0; c < columns_; ++c) at(c, k) -= static_cast<float>(along * at(c, j));
        }
      for (std::int64_t c = 0; c < columns_; ++c) after += double{at(c, k)} * at(c, k);
      if (after > 1e-10 * before && after > 0) {
        const auto factor = static_cast<float>(1 / std::sqrt(after));
        for (std::int64_t c = 0; c < columns_; ++c) at(c, k) *= factor;
        break;
      }
      for (std::int64_t c = 0; c < columns_; ++c) at(c, k) = static_cast<float>(random.normal());
    }
}

void gradient_subspace::turn() {
  const auto n = tracked_;
  gram_.assign(static_cast<std::size_t>(n * n), 0.0);
  turn_.resize(gram_.size());
  for (std::int64_t r = 0; r < rows_; ++r) {
    const auto* row = products_.data() + r * n;
    for (std::int64_t i = 0; i < n; ++i)
      for (std::int64_t j = 0; j < n; ++j) gram_[static_cast<std::size_t>(i * n + j)] += double{row[i]} * row[j];
  }
  diagonalise(gram_, turn_, n);
  order_.resize(static_cast<std::size_t>(n));
  std::iota(order_.begin(), order_.end(), 0);
  const auto energy = [&](std::int64_t k) { return gram_[static_cast<std::size_t>(k * n + k)]; };
  std::sort(order_.begin(), order_.end(),
            [&](auto a, auto b) { return energy(a) > energy(b) || (energy(a) == energy(b) && a < b); });
  sorted_.resize(gram_.size());
  energies_.clear();
  for (std::int64_t k = 0; k < n; ++k) {
    const auto from = order_[static_cast<std::size_t>(k)];
    energies_.push_back(std::max(0.0, energy(from)));
    for (std::int64_t i = 0; i < n; ++i)
      sorted_[static_cast<std::size_t>(i * n + k)] = turn_[static_cast<std::size_t>(i * n + from)];
  }
  turn_columns(products_, sorted_, n, left_);
  turn_columns(basis_, sorted_, n, left_);
}

} // namespace syngrad
