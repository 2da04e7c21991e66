#include "models/later_gradient.hpp"

#include "models/state_archive.hpp"
#include "models/tensors.hpp"
#include "runtime/text.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <vector>

namespace syngrad {

namespace {

constexpr std::int64_t usual_targets = 4, usual_columns = 512, most_columns = 4096; // columns: one for each class

// Of measured_, before there are any: then predictions are bounded by zero.
constexpr float least_measured = 1e-30f;

} // namespace

result<unroll_settings> unroll_settings::parse(const std::string& text) {
  constexpr std::string_view with_targets = "dni:";
  if (text == "truncated") return unroll_settings{};
  if (text == "dni") return unroll_settings{true, {}};
  const auto targets = text.starts_with(with_targets)
                         ? parse_number<std::int64_t>(std::string_view(text).substr(with_targets.size()))
                         : std::nullopt;
  if (!targets || *targets < 0 || *targets > most_columns)
    return error::setting("expected truncated, dni, or dni:TARGETS with how many of the targets that follow a chunk "
                          "are seen, got '" +
                          text + "'; write for example dni:3");
  return unroll_settings{true, *targets};
}

std::string unroll_settings::text() const {
  if (!predicts) return "truncated";
  return targets ? "dni:" + std::to_string(*targets) : "dni";
}

std::int64_t unroll_settings::targets_seen(std::int32_t classes) const {
  if (!predicts) return 0;
  const std::int64_t columns = std::max(classes, 1);
  return targets ? std::min(*targets, most_columns / columns) : std::min(usual_targets, usual_columns / columns);
}

later_gradient::later_gradient(stream& s, std::int64_t width, std::int64_t parts, options how)
  : width_(width), parts_(parts), features_(parts * width + how.targets * how.classes + 1), options_(how),
    products_(make_zeros(s, {features_, features_})), right_side_(make_zeros(s, {features_, parts * width})),
    solution_(make_zeros(s, {parts * width, features_})), squares_(make_zeros(s, {1})), measured_(make_zeros(s, {1})),
    scratch_(make_zeros(s, {features_, features_})), own_(make_zeros(s, {features_, parts * width})),
    failed_(make_zeros(s, {1})) {
  s.ops().fill(s, measured_, least_measured);
  if (how.targets == 0) return;
  const auto n = static_cast<std::size_t>(how.classes);
  std::vector<float> identity(n * n);
  for (std::size_t i = 0; i < n; ++i) identity[i * n + i] = 1;
  one_hot_ = make_tensor(s, {how.classes, how.classes});
  s.ops().upload(s, identity.data(), one_hot_);
}

// phi, a row for each of the state's.
tensor later_gradient::features_of(stream& s, const tensor& state, const tensor& following) const {
  const auto batch = state.rows(), seen = options_.targets * options_.classes;
  assert(state.columns() == parts_ * width_);
  auto phi = make_tensor(s, {batch, features_});
  s.ops().copy_block(s, state, phi, 0, 0);
  if (seen > 0) {
    auto targets = make_tensor(s, {batch * options_.targets, options_.classes});
    if (following) {
      assert(following.elements() == batch * options_.targets);
      const auto labels = following.view(0, {following.elements()});
      s.ops().fill_rows(s, nullptr, &one_hot_, &labels, targets);
    } else {
      s.ops().fill(s, targets, 0);
    }
    s.ops().copy_block(s, targets.view(0, {batch, seen}), phi, 0, parts_ * width_);
  }
  auto one = make_tensor(s, {batch, 1});
  s.ops().fill(s, one, 1);
  s.ops().copy_block(s, one, phi, 0, features_ - 1);
  return phi;
}

// What is not finite is left out.
void later_gradient::measure(stream& s, const tensor& dy) {
  auto now = make_tensor(s, {1, 1}), one = make_tensor(s, {1, 1});
  auto as_scalar = now.view(0, {1});
  s.ops().sum_squares(s, dy, as_scalar);
  s.ops().fill(s, one, 1);
  s.ops().sum_rows(s, now, options_.forget, squares_, &as_scalar);
  s.ops().sum_rows(s, one, options_.forget, measured_, &as_scalar);
  rows_ = dy.rows();
}

void later_gradient::subtract_mean_row(stream& s, tensor& x) {
  const auto rows = x.rows();
  if (rows < 2) return;
  auto sum = make_tensor(s, {1, x.columns()}), ones = make_tensor(s, {rows, 1});
  auto sums = sum.view(0, {x.columns()});
  s.ops().sum_rows(s, x, 0, sums);
  s.ops().fill(s, ones, 1);
  s.ops().matmul(s, {.a = ones,
                     .transpose_a = transpose::no,
                     .b = sum,
                     .transpose_b = transpose::no,
                     .c = x,
                     .alpha = -1 / static_cast<float>(rows),
                     .beta = 1});
}

void later_gradient::predict(stream& s, const tensor& state, const tensor& following, std::span<tensor> out) {
  assert(static_cast<std::int64_t>(out.size()) == parts_);
  if (lessons_ < options_.warmup) {
    for (auto& each : out) s.ops().fill(s, each, 0);
    return;
  }
  const auto phi = features_of(s, state, following);
  done_ += static_cast<double>(state.rows() * features_ * parts_ * width_);
  auto mean_square = make_tensor(s, {1, 1}); // of a chunk's rows
  s.ops().divide_rows(s, squares_.view(0, {1, 1}), measured_, mean_square);
  const auto factor = options_.most / std::sqrt(static_cast<float>(rows_));
  for (std::int64_t part = 0; part < parts_; ++part) {
    auto& to = out[static_cast<std::size_t>(part)];
    s.ops().matmul(s, {.a = phi,
                       .transpose_a = transpose::no,
                       .b = solution_.view(part * width_ * features_, {width_, features_}),
                       .transpose_b = transpose::yes,
                       .c = to,
                       .alpha = options_.discount});
    subtract_mean_row(s, to);
    s.ops().limit_rows(s, to, mean_square, factor);
  }
}

void later_gradient::learn(stream& s, const tensor& state, const tensor& following, const tensor& gradient) {
  const auto phi = features_of(s, state, following);
  auto guard = make_tensor(s, {1}), guard_of_gradient = make_tensor(s, {1});
  s.ops().sum_squares(s, phi, guard);
  s.ops().sum_squares(s, gradient, guard_of_gradient);
  s.ops().add(s, guard_of_gradient, 1, guard);
  for (auto [with, sum] : {std::pair(&phi, &products_), std::pair(&gradient, &right_side_)})
    s.ops().matmul(s, {.a = phi,
                       .transpose_a = transpose::yes,
                       .b = *with,
                       .transpose_b = transpose::no,
                       .c = *sum,
                       .beta = options_.forget,
                       .guard = &guard});
  done_ += product_multiply_adds(state.rows());
  ++lessons_;
  if (++since_solve_ >= interval(state.rows())) solve(s);
}

// As many lessons as cost what a solve does, at least 1.
std::int64_t later_gradient::interval(std::int64_t batch) const {
  return std::max<std::int64_t>(1, std::llround(solve_multiply_adds() / product_multiply_adds(batch)));
}

double later_gradient::product_multiply_adds(std::int64_t batch) const {
  const auto n = static_cast<double>(features_), m = static_cast<double>(parts_ * width_);
  return n * (n + m) * static_cast<double>(batch);
}

// Cholesky, two triangular solves.
double later_gradient::solve_multiply_adds() const {
  const auto n = static_cast<double>(features_), m = static_cast<double>(parts_ * width_);
  return n * n * n / 6 + n * n * m;
}

// Many large lessons can go beyond what a float holds: then the sums start anew, and the solution in force stays.
void later_gradient::solve(stream& s) {
  done_ += solve_multiply_adds();
  auto guard = make_tensor(s, {1});
  for (auto* sums : {&products_, &right_side_}) {
    s.ops().sum_squares(s, *sums, guard);
    for (auto* each : {&products_, &right_side_}) s.ops().zero_unless_finite(s, guard, *each);
  }
  s.ops().copy(s, products_, scratch_);
  s.ops().solve_ridge(s, scratch_, right_side_, {1e-5f, options_.ridge}, own_, failed_);
  s.ops().copy_block_transposed(s, own_, solution_, 0, 0);
  since_solve_ = 0;
}

learned_state later_gradient::learned() {
  return {{products_, right_side_, solution_, own_, squares_, measured_}, {&rows_, &since_solve_, &lessons_}, {}};
}

void later_gradient::keep(state_archive& of) {
  of.learned(learned());
  of.word("multiply_adds", done_);
}

} // namespace syngrad
