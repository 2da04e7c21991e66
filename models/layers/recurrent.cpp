#include "models/layers/recurrent.hpp"

#include "models/layers/projection.hpp"
#include "models/state_archive.hpp"
#include "models/tensors.hpp"

#include <cmath>
#include <fmt/core.h>

namespace syngrad {

namespace {

// The last two where it carries: [batch, all of the state], null where nothing is predicted from them.
enum recurrent_slot : std::size_t { inputs_slot, gates_slot, previous_slot, kept_slot, begins_slot, ends_slot };

} // namespace

recurrent::recurrent(const kind& of, std::int64_t inputs, std::int64_t hidden, options how)
  : kind_(of), weight_ih_("weight_ih_l0", {of.gates * hidden, inputs}),
    weight_hh_("weight_hh_l0", {of.gates * hidden, hidden}), bias_ih_("bias_ih_l0", {of.gates * hidden}),
    bias_hh_("bias_hh_l0", {of.gates * hidden}), options_(how) {}

std::string recurrent::describe() const {
  return fmt::format("{} {}->{}{}", kind_.name, inputs(), hidden(), options_.carry ? ", carrying" : "");
}

result<sample_spec> recurrent::infer(const sample_spec& below) const {
  if (below.type != dtype::f32 || below.extents.rank() != 2 || below.features() != inputs())
    return error::setting(fmt::format("takes one axis of positions, of {} features each", inputs()));
  return sample_spec{below.extents.with_features(hidden())};
}

double recurrent::multiply_adds(const sample_spec& below) const {
  constexpr double of_gates = 10; // forward and backward, of each one
  const auto products = 3.0 * static_cast<double>(inputs() + hidden());
  return static_cast<double>(below.rows() * width()) * (products + of_gates);
}

std::vector<parameter*> recurrent::parameters() {
  return {&weight_ih_, &weight_hh_, &bias_ih_, &bias_hh_};
}

void recurrent::initialize(stream& s, random_source& random) {
  const auto bound = 1 / std::sqrt(static_cast<double>(hidden()));
  for (auto* each : parameters()) initialize_uniform(s, each->value, bound, random);
}

recurrent::state recurrent::zero_state(stream& s, std::int64_t batch) const {
  const shape extents{batch, hidden()};
  return {make_zeros(s, extents), kind_.has_cell ? make_zeros(s, extents) : tensor()};
}

// The state that a batch goes on from; null: none, it begins at zero. The first batch makes it, in memory that no
// recording has for its own: what is done for the first time is not recorded yet.
recurrent::state* recurrent::carried_by(stream& s, std::int64_t batch, phase now) {
  const bool evaluates = now == phase::evaluate;
  if (!(evaluates ? continues_evaluations_ : options_.carry)) return nullptr;
  auto& of = evaluates ? evaluated_ : carried_;
  if (!of.hidden) of = zero_state(s, batch);
  return of.hidden.rows() == batch ? &of : nullptr;
}

std::vector<carrying_part*> recurrent::carrying_parts() {
  if (!options_.carry) return {};
  return {this};
}

void recurrent::begin_evaluation(stream& s) {
  continues_evaluations_ = true;
  for (auto* each : {&evaluated_.hidden, &evaluated_.cell})
    if (*each) s.ops().fill(s, *each, 0);
}

void recurrent::predict_later(stream& s, const later_gradient::options& how) {
  later_.emplace(s, hidden(), kind_.has_cell ? 2 : 1, how);
}

learned_state recurrent::learned() {
  return later_ ? later_->learned() : learned_state{};
}

void recurrent::keep(state_archive& of) {
  of.anew("hidden", carried_.hidden);
  of.anew("cell", carried_.cell);
  of.anew("ended_in", ended_in_);
  if (later_) of.within("later.", [&] { later_->keep(of); });
}

void recurrent::keep_carried(stream& s, std::vector<tensor>& kept) const {
  for (const auto* each : {&carried_.hidden, &carried_.cell}) {
    kept.emplace_back();
    if (!*each) continue;
    kept.back() = make_tensor(s, each->extents());
    s.ops().copy(s, *each, kept.back());
  }
  kept.push_back(ended_in_); // is never written again
}

// A batch that had nothing to go on from began at zero. The state stays where recorded work has it.
void recurrent::carry_on_from(stream& s, std::span<const tensor>& kept) {
  for (auto* each : {&carried_.hidden, &carried_.cell}) {
    if (*each && kept.front())
      s.ops().copy(s, kept.front(), *each);
    else if (*each)
      s.ops().fill(s, *each, 0);
    kept = kept.subspan(1);
  }
  ended_in_ = kept.front();
  kept = kept.subspan(1);
}

// Beside each other.
tensor recurrent::joined(stream& s, const tensor& hidden_part, const tensor& cell_part) const {
  auto all = make_tensor(s, {hidden_part.rows(), (kind_.has_cell ? 2 : 1) * hidden()});
  s.ops().copy_block(s, hidden_part, all, 0, 0);
  if (kind_.has_cell) s.ops().copy_block(s, cell_part, all, 0, hidden());
  return all;
}

// What lives longer than a batch must not keep a number that is not finite.
void recurrent::restart_unless_finite(stream& s, state& of) {
  for (auto* each : {&of.hidden, &of.cell}) {
    if (!*each) continue;
    auto guard = make_tensor(s, {1});
    s.ops().sum_squares(s, *each, guard);
    s.ops().zero_unless_finite(s, guard, *each);
  }
}

tensor recurrent::forward(stream& s, const tensor& x, phase now, layer_cache cache) {
  assert((now == phase::evaluate || !cache.empty()) && "a recurrent layer needs a cache in training");
  const auto batch = x.extents()[0], positions = x.extents()[1];
  auto gates = make_tensor(s, x.extents().with_features(width()));
  s.ops().matmul(s, {.a = x,
                     .transpose_a = transpose::no,
                     .b = weight_ih_.value,
                     .transpose_b = transpose::yes,
                     .c = gates,
                     .bias = &bias_ih_.value});

  auto* const carried = carried_by(s, batch, now);
  const bool keeps = !cache.empty();
  auto now_at = carried ? *carried : zero_state(s, batch);
  auto y = make_tensor(s, x.extents().with_features(hidden())), products = make_tensor(s, {batch, width()});
  tensor previous, kept;
  if (keeps) previous = make_tensor(s, y.extents()), kept = make_tensor(s, y.extents());
  for (std::int64_t t = 0; t < positions; ++t) {
    const bool from_zero = t == 0 && !carried;
    if (!from_zero)
      s.ops().matmul(s, {.a = now_at.hidden,
                         .transpose_a = transpose::no,
                         .b = weight_hh_.value,
                         .transpose_b = transpose::yes,
                         .c = products});
    (s.ops().*kind_.step)(s, {.position = t,
                              .gates = gates,
                              .products = from_zero ? nullptr : &products,
                              .bias = bias_hh_.value,
                              .hidden = now_at.hidden,
                              .cell = kind_.has_cell ? &now_at.cell : nullptr,
                              .y = y,
                              .previous = keeps ? &previous : nullptr,
                              .kept = keeps ? &kept : nullptr});
  }
  if (carried) restart_unless_finite(s, *carried);
  if (later_ && carried && keeps) {
    cache[begins_slot] = ended_in_;
    cache[ends_slot] = ended_in_ = joined(s, carried->hidden, carried->cell);
  }
  if (keeps) {
    cache[inputs_slot] = x;
    cache[gates_slot] = std::move(gates);
    cache[previous_slot] = std::move(previous);
    cache[kept_slot] = std::move(kept);
  }
  return y;
}

tensor recurrent::backward(stream& s, const tensor& dy, layer_cache cache, backward_request wanted) {
  if (!wanted.input_gradient && !wanted.parameter_gradient) return {};
  const auto &x = cache[inputs_slot], &gates = cache[gates_slot], &previous = cache[previous_slot];
  const auto batch = dy.extents()[0], positions = dy.extents()[1];
  auto dhidden = make_zeros(s, {batch, hidden()}), direct = make_zeros(s, {batch, hidden()}),
       dproducts = make_tensor(s, {batch, width()}), dgates = make_tensor(s, gates.extents());
  const auto* following = later_ ? wanted.following : nullptr;
  if (following && wanted.parameter_gradient) later_->measure(s, dy);
  if (following && cache[ends_slot]) {
    tensor parts[] = {dhidden, direct};
    later_->predict(s, cache[ends_slot], following->after, std::span(parts).first(kind_.has_cell ? 2 : 1));
  }
  const bool learns = following && wanted.parameter_gradient && cache[begins_slot];
  // With a cell, both kinds of products are only added, so that their gradients are one.
  auto drecurrent = kind_.has_cell ? dgates : make_tensor(s, gates.extents());
  for (auto t = positions; t-- > 0;) {
    (s.ops().*kind_.step_backward)(s, {.position = t,
                                       .dy = dy,
                                       .gates = gates,
                                       .previous = previous,
                                       .kept = cache[kept_slot],
                                       .dhidden = dhidden,
                                       .direct = direct,
                                       .dgates = dgates,
                                       .drecurrent = drecurrent,
                                       .dproducts = dproducts});
    if (t > 0 || learns)
      s.ops().matmul(s, {.a = dproducts,
                         .transpose_a = transpose::no,
                         .b = weight_hh_.value,
                         .transpose_b = transpose::no,
                         .c = dhidden});
  }
  if (learns) {
    if (!kind_.has_cell) s.ops().add(s, direct, 1, dhidden);
    later_->learn(s, cache[begins_slot], following->before, joined(s, dhidden, direct));
  }
  if (wanted.parameter_gradient) {
    projection_parameters_backward(s, dgates, x, weight_ih_, &bias_ih_, wanted.accumulate);
    projection_parameters_backward(s, drecurrent, previous, weight_hh_, kind_.has_cell ? nullptr : &bias_hh_,
                                   wanted.accumulate);
    if (kind_.has_cell) s.ops().copy(s, bias_ih_.gradient, bias_hh_.gradient); // one sum, always
  }
  if (!wanted.input_gradient) return {};
  auto dx = make_tensor(s, x.extents());
  s.ops().matmul(
    s, {.a = dgates, .transpose_a = transpose::no, .b = weight_ih_.value, .transpose_b = transpose::no, .c = dx});
  return dx;
}

} // namespace syngrad
