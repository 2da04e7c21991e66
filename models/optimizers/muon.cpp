// Muon (Jordan et al., 2024): of each weight matrix [out, in] inside of a network
//
//   m <- 0.95 m + g,   u = g + 0.95 m,   w <- w - rate (sqrt(max(1, out / in)) X + weight_decay w)
//
// where X is the orthogonal factor of u. Filters are matrices [out, all the rest], those of a recurrent layer all gates
// in one. What is no such matrix (embeddings, the weight of the outputs, vectors) is trained by AdamW, with a rate of
// its own: `adam_ratio` times the other.
//
// X is made by a Newton-Schulz iteration: newton_schulz.hpp. With `muon_every` above 1 it is R u / |u|, with a root R
// that is made of u u' at every so manieth step only: inverse_root.hpp.
//
// Holds m or Adam's first moment of each value, in the arena's layout, Adam's second moment of the others, and what is
// kept from step to step.
#include "models/optimizers/inverse_root.hpp"
#include "models/optimizers/newton_schulz.hpp"
#include "models/optimizers/optimizers.hpp"

#include <algorithm>
#include <cmath>

namespace syngrad {

namespace {

constexpr float muon_momentum = 0.95f;

class muon : public optimizer {
public:
  muon(stream&, const arena&, const optimizer_settings&);

  step_numbers numbers_of(const optimizer_step&) const override;
  std::vector<tensor*> moments() override;
  std::vector<tensor> moments_of(const arena_range&) override;
  double multiply_adds_per_step() const override { return multiply_adds_; }

  void step(stream&, arena&, arena_range, const optimizer_step&) override;
  unsigned kind_of_step(std::int64_t number) const override { return remakes(number) ? 1 : 0; }

private:
  void step_part(stream&, const step_arguments&, std::int64_t first, std::int64_t number) override;
  void step_matrix(stream&, arena&, std::size_t index, std::int64_t layer, const optimizer_step&);
  bool keeps() const { return settings_.muon_every > 1; }
  bool remakes(std::int64_t number) const { return keeps() && (number - 1) % settings_.muon_every == 0; }
  void keep_roots(stream&, const arena&);
  std::int64_t weights_before(std::int64_t element) const;

  optimizer_settings settings_;
  std::vector<arena_range> ranges_;
  tensor first_moment_;                // null where nothing is trained
  tensor second_moment_;               // null where all that is trained are weights
  tensor kept_;                        // null where nothing is kept
  std::vector<tensor> roots_;          // of each matrix, views into it
  std::vector<std::int64_t> matrices_; // that have one: their first elements
  double multiply_adds_ = 0;           // of a step
};

muon::muon(stream& s, const arena& parameters, const optimizer_settings& settings)
  : optimizer(settings.weight_decay), settings_(settings),
    ranges_(parameters.ranges().begin(), parameters.ranges().end()),
    first_moment_(parameters.make_moment(s, settings.moment_type())) {
  if (!first_moment_) return;
  for (const auto& each : parameters.weights())
    multiply_adds_ +=
      keeps() ? multiply_adds_of_times_root(each.rows, each.columns) +
                  multiply_adds_of_inverse_root(each.rows, each.columns) / static_cast<double>(settings_.muon_every)
              : multiply_adds_of_orthogonal_factor(each.rows, each.columns);
  if (keeps()) keep_roots(s, parameters);
  const auto others = first_moment_.elements() - weights_before(first_moment_.elements());
  if (others == 0) return;
  second_moment_ = make_zero_vector(s, others, settings.moment_type());
}

void muon::keep_roots(stream& s, const arena& parameters) {
  const auto side_of = [](const arena_matrix& each) { return std::min(each.rows, each.columns); };
  std::int64_t elements = 0;
  for (const auto& each : parameters.weights()) elements += padded(side_of(each) * side_of(each));
  if (elements == 0) return;
  kept_ = make_tensor(s, {elements});
  s.ops().fill(s, kept_, 0);
  std::int64_t first = 0;
  for (const auto& each : parameters.weights()) {
    roots_.push_back(kept_.view(first, {side_of(each), side_of(each)}));
    matrices_.push_back(each.first);
    first += padded(side_of(each) * side_of(each));
  }
}

// Elements of weights.
std::int64_t muon::weights_before(std::int64_t element) const {
  std::int64_t sum = 0;
  for (const auto& each : ranges_)
    if (each.first < element) sum += each.weights;
  return sum;
}

void muon::step(stream& s, arena& parameters, arena_range range, const optimizer_step& now) {
  const auto all = parameters.weights();
  const auto end = range.first + range.weights;
  auto each = std::ranges::lower_bound(all, range.first, {}, &arena_matrix::first);
  for (; each != all.end() && each->first < end; ++each)
    step_matrix(s, parameters, static_cast<std::size_t>(each - all.begin()), range.first, now);
  optimizer::step(s, parameters, {end, range.count - range.weights, range.decaying - range.weights, 0}, now);
}

// `layer`: its first element.
void muon::step_matrix(stream& s, arena& parameters, std::size_t index, std::int64_t layer, const optimizer_step& now) {
  const auto of = parameters.weights()[index];
  const shape extents{of.rows, of.columns};
  auto value = parameters.values().view(of.first, extents), velocity = first_moment_.view(of.first, extents);
  const auto gradient = parameters.gradients().view(of.first, extents);
  const auto given = arguments_of(value, gradient, settings_.weight_decay, of.first - layer, now);
  auto direction = make_tensor(s, extents);
  s.ops().momentum_direction(s, given, velocity, muon_momentum, direction);
  const auto factor = std::sqrt(std::max(1.0f, static_cast<float>(of.rows) / static_cast<float>(of.columns)));
  if (!keeps()) return s.ops().direction_step(s, given, orthogonal_factor(s, std::move(direction)), factor);
  if (remakes(now.number)) write_inverse_root(s, direction, roots_[index]);
  const auto along = times_root(s, direction, roots_[index]);
  s.ops().direction_step(s, given, along.product, along.scaled_by(factor));
}

// In the second moment there is no room for weights.
void muon::step_part(stream& s, const step_arguments& of, std::int64_t from, std::int64_t number) {
  auto by_adam = of;
  by_adam.learning_rate *= settings_.adam_ratio;
  auto first = first_moment_.view(from, of.value.extents());
  auto second = second_moment_.view(from - weights_before(from), of.value.extents());
  s.ops().adam_step(s, by_adam, first, second, settings_.beta1, settings_.second_beta(), settings_.epsilon, number,
                    true);
}

step_numbers muon::numbers_of(const optimizer_step& now) const {
  auto out = numbers_of_step(now);
  out.learning_rate *= settings_.adam_ratio;
  set_adam_numbers(out, settings_.weight_decay, settings_.beta1, settings_.second_beta(), now.number, true);
  out.learning_rate = now.learning_rate;
  return out;
}

std::vector<tensor*> muon::moments() {
  std::vector<tensor*> all;
  for (auto* each : {&first_moment_, &second_moment_, &kept_})
    if (*each) all.push_back(each);
  return all;
}

std::vector<tensor> muon::moments_of(const arena_range& layer) {
  std::vector<tensor> all;
  if (layer.count == 0) return all;
  all.push_back(first_moment_.view(layer.first, {layer.count}));
  const auto others = layer.first + layer.weights, count = layer.count - layer.weights;
  if (count > 0) all.push_back(second_moment_.view(others - weights_before(others), {count}));
  for (std::size_t i = 0; i < roots_.size(); ++i)
    if (matrices_[i] >= layer.first && matrices_[i] < layer.first + layer.count) all.push_back(roots_[i]);
  return all;
}

} // namespace

std::unique_ptr<optimizer> make_muon(stream& s, const arena& parameters, const optimizer_settings& settings) {
  return std::make_unique<muon>(s, parameters, settings);
}

} // namespace syngrad
