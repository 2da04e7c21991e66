#include "models/layer_group.hpp"

#include "models/state_archive.hpp"
#include "models/tensors.hpp"
#include "runtime/rounding.hpp"

#include <fmt/core.h>
#include <functional>

namespace syngrad {

namespace {

std::vector<std::vector<parameter*>> parameters_of(const layer_list& layers) {
  std::vector<std::vector<parameter*>> all;
  for (const auto& each : layers) all.push_back(each->parameters());
  return all;
}

tensor of_samples(const tensor& x, const sample_spec& each) {
  assert(x.elements() % each.elements() == 0 && "a part of a sample");
  return shaped_as(x, each.of(x.elements() / each.elements()));
}

tensor as_rows(const tensor& x) {
  return x ? shaped_as(x, {x.rows(), x.columns()}) : x;
}

// What is recorded, by name: the forward pass of a phase, or a backward pass of some kind. A backward pass reads a
// cache that lies in the slot of its forward pass: the number of the slot stands for all tensors of the cache.
replay_cache::name name_of_forward(phase now) {
  return {now == phase::train ? 1u : 2u, 0};
}

enum class then : std::uint8_t { nothing, steps, clipped_steps };

replay_cache::name name_of_backward(backward_request of, then what, std::uint64_t forward_slot,
                                    unsigned kind_of_step = 0) {
  return {32u + (of.input_gradient ? 1u : 0u) + (of.accumulate ? 2u : 0u) + (of.parameter_gradient ? 4u : 0u) +
            8u * static_cast<unsigned>(what) + 64u * kind_of_step,
          forward_slot};
}

// Null of a null one.
tensor copy_of(stream& s, const tensor& x) {
  if (!x) return {};
  auto out = make_tensor(s, x.extents());
  s.ops().copy(s, x, out);
  return out;
}

// A layer's cost is taken to be a third forward, a third for the gradient of its input, and a third for those of its
// parameters.
constexpr double parts_of_cost = 3;

double samples_in(const tensor& x, const sample_spec& each) {
  return static_cast<double>(x.elements() / each.elements());
}

bool clips(const update_request& of) {
  return of.clip_norm > 0;
}

} // namespace

layer_group::layer_group(stream& owner, const sample_spec& input, layer_list layers, const optimizer_settings& settings,
                         std::uint64_t seed, int first_layer)
  : layers_(std::move(layers)), input_(input), output_(input), cache_begin_(1, 0),
    seed_(static_cast<std::int64_t>(seed)), first_layer_(first_layer), arena_(owner, parameters_of(layers_)),
    optimizer_(std::move(make_optimizer(owner, arena_, settings).value())), squared_norm_(make_tensor(owner, {1})) {
  assert(!layers_.empty() && "a group needs at least one layer");
  lowest_multiply_adds_ = layers_.front()->multiply_adds(input);
  for (const auto& each : layers_) {
    multiply_adds_ += each->multiply_adds(output_);
    output_ = each->infer(output_).value();
    cache_begin_.push_back(cache_begin_.back() + each->cached_tensors());
    for (auto* part : each->carrying_parts()) carrying_parts_.push_back(part);
  }
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    random_source random(seed, static_cast<std::uint64_t>(first_layer) + i);
    layers_[i]->initialize(owner, random);
  }
}

void layer_group::use_recordings(bool wanted) {
  recordings_ = wanted ? std::make_unique<replay_cache>() : nullptr;
}

replay_cache::counters layer_group::recordings() const {
  return recordings_ ? recordings_->count() : replay_cache::counters{};
}

layer_cache layer_group::cache_of(std::size_t i, group_cache& cache) const {
  return layer_cache(cache.saved).subspan(cache_begin_[i], cache_begin_[i + 1] - cache_begin_[i]);
}

tensor layer_group::forward(stream& s, const tensor& x, phase now, group_cache* cache) {
  if (now == phase::train) done_ += samples_in(x, input_) * multiply_adds_ / parts_of_cost;
  if (cache) {
    cache->saved.resize(cache_begin_.back());
    cache->slot = 0;
    cache->is_there = true;
  }
  if (!recordings_) return enqueue_forward(s, x, now, cache);
  tensor y;
  outputs_.assign(1, &y);
  if (cache)
    for (auto& each : cache->saved) outputs_.push_back(&each);
  const auto work = [&] { y = enqueue_forward(s, x, now, cache); };
  const auto slot = recordings_->run(s, name_of_forward(now), {&x}, outputs_, std::ref(work));
  if (cache) cache->slot = slot;
  return y;
}

tensor layer_group::enqueue_forward(stream& s, const tensor& x, phase now, group_cache* cache) {
  auto y = of_samples(x, input_);
  for (std::size_t i = 0; i < layers_.size(); ++i)
    y = layers_[i]->forward(s, y, now, cache ? cache_of(i, *cache) : layer_cache());
  return as_rows(y);
}

void layer_group::keep_beginning(stream& s, const tensor& x, group_cache& cache) const {
  assert(!recordings_);
  auto& of = cache.beginning;
  of.input = x;
  of.state = copy_of(s, arena_.state());
  of.carried.clear();
  for (const auto* each : carrying_parts_) each->keep_carried(s, of.carried);
}

void layer_group::recompute(stream& s, group_cache& cache, const tensor& weights) {
  assert(cache.beginning.input);
  const auto weights_now = weights ? copy_of_weights(s) : tensor(), state_now = copy_of(s, arena_.state());
  carried_now_.clear();
  for (const auto* each : carrying_parts_) each->keep_carried(s, carried_now_);
  go_on_from(s, weights, cache.beginning.state, cache.beginning.carried);
  forward(s, cache.beginning.input, phase::train, &cache);
  go_on_from(s, weights_now, state_now, carried_now_);
  carried_now_.clear();
}

// Null tensors leave what they are for as it is.
void layer_group::go_on_from(stream& s, const tensor& weights, const tensor& state, std::span<const tensor> carried) {
  if (weights) s.ops().copy(s, weights, arena_.values());
  if (state) s.ops().copy(s, state, arena_.state());
  for (auto* each : carrying_parts_) each->carry_on_from(s, carried);
}

void layer_group::count_backward(const tensor& dy, const backward_request& wanted) {
  const auto of_inputs = wanted.input_gradient ? multiply_adds_ : multiply_adds_ - lowest_multiply_adds_;
  const auto of_parameters = wanted.parameter_gradient ? multiply_adds_ : 0;
  done_ += samples_in(dy, output_) * (of_inputs + of_parameters) / parts_of_cost;
}

double layer_group::later_multiply_adds_done() const {
  double sum = 0;
  for (const auto* each : carrying_parts_) sum += each->multiply_adds_done();
  return sum;
}

tensor layer_group::backward(stream& s, const tensor& dy, group_cache& cache, backward_request wanted) {
  assert(!(recordings_ && wanted.deferred) && "a recording keeps nothing for later");
  count_backward(dy, wanted);
  if (!recordings_ || cache.slot == 0) return enqueue_backward(s, dy, cache, wanted);
  tensor dx;
  outputs_.assign(1, &dx);
  const auto work = [&] { dx = enqueue_backward(s, dy, cache, wanted); };
  recordings_->run(s, name_of_backward(wanted, then::nothing, cache.slot), {&dy}, outputs_, std::ref(work));
  return dx;
}

void layer_group::gather_cache(stream& s, const chosen_samples& chosen, group_cache& of_all,
                               group_cache& of_chosen) const {
  of_chosen.saved.resize(of_all.saved.size());
  of_chosen.slot = 0;
  of_chosen.is_there = true;
  for (std::size_t i = 0; i < layers_.size(); ++i)
    layers_[i]->gather_cache(s, chosen, cache_of(i, of_all), cache_of(i, of_chosen));
}

tensor layer_group::backward_of(stream& s, const chosen_samples& chosen, const tensor& dy, group_cache& of_chosen,
                                backward_request wanted) {
  const auto by_sample = [&](const tensor& x) { return x.view(0, {chosen.count(), x.elements() / chosen.count()}); };
  wanted.chosen = &chosen;
  count_backward(dy, wanted);
  const auto weighted = make_tensor(s, dy.extents());
  auto to = by_sample(weighted);
  s.ops().scale_rows(s, by_sample(dy), chosen.weights, to);
  const auto below = enqueue_backward(s, weighted, of_chosen, wanted);
  if (!below) return below;
  auto dx = make_tensor(s, below.extents());
  to = by_sample(dx);
  s.ops().divide_rows(s, by_sample(below), chosen.weights, to);
  return dx;
}

tensor layer_group::copy_of_weights(stream& s) const {
  return copy_of(s, arena_.values());
}

// Copied there and back: recorded work reads weights where they were when it was recorded.
tensor layer_group::backward_with(stream& s, const tensor& weights, const tensor& dy, group_cache& cache,
                                  backward_request wanted) {
  const auto now = copy_of_weights(s);
  s.ops().copy(s, weights, arena_.values());
  auto dx = backward(s, dy, cache, wanted);
  s.ops().copy(s, now, arena_.values());
  return dx;
}

tensor layer_group::enqueue_backward(stream& s, const tensor& dy, group_cache& cache, backward_request wanted) {
  auto gradient = of_samples(dy, output_);
  for (auto i = layers_.size(); i-- > 0;) {
    auto here = wanted;
    here.input_gradient = i > 0 || wanted.input_gradient;
    here.following = wanted.is_correction ? nullptr : &cache.following;
    gradient = layers_[i]->backward(s, gradient, cache_of(i, cache), here);
  }
  return as_rows(gradient);
}

void layer_group::backward_deferred(stream& s, std::vector<deferred_gradient>& left, bool accumulate) {
  for (const auto& each : left) each.of->backward_parameters(s, each.part, each.dy, each.cache, accumulate);
  left.clear();
}

tensor layer_group::backward_and_update(stream& s, const tensor& dy, group_cache& cache, bool input_gradient,
                                        const update_request& request) {
  count_backward(dy, {.input_gradient = input_gradient});
  auto dx = recordings_ && cache.slot != 0 ? replay_update(s, dy, cache, input_gradient, request)
                                           : enqueue_update(s, dy, cache, input_gradient, request, nullptr);
  tell_norm(s, request);
  ++version_;
  return dx;
}

tensor layer_group::replay_update(stream& s, const tensor& dy, group_cache& cache, bool input_gradient,
                                  const update_request& request) {
  step_numbers_.clear();
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    tensor nonfinite;
    step_numbers_.push_back(optimizer_->numbers_of(step_of(i, request, nonfinite)));
  }
  numbers_.upload(s, step_numbers_);
  tensor dx;
  outputs_.assign(1, &dx);
  const auto work = [&] { dx = enqueue_update(s, dy, cache, input_gradient, request, &numbers_); };
  const backward_request kind{input_gradient, true, request.accumulated};
  const auto what = clips(request) ? then::clipped_steps : then::steps;
  recordings_->run(s, name_of_backward(kind, what, cache.slot, optimizer_->kind_of_step(version_ + 1)), {&dy}, outputs_,
                   std::ref(work));
  return dx;
}

tensor layer_group::enqueue_update(stream& s, const tensor& dy, group_cache& cache, bool input_gradient,
                                   const update_request& request, const uploaded_numbers* numbers) {
  auto gradient = of_samples(dy, output_);
  for (auto i = layers_.size(); i-- > 0;) {
    gradient = layers_[i]->backward(s, gradient, cache_of(i, cache),
                                    {.input_gradient = i > 0 || input_gradient,
                                     .parameter_gradient = true,
                                     .accumulate = request.accumulated,
                                     .following = &cache.following});
    if (!clips(request)) step_layer(s, i, request, numbers);
  }
  if (clips(request)) {
    measure_gradient(s);
    step_all(s, request, numbers);
  }
  return as_rows(gradient);
}

void layer_group::update(stream& s, const update_request& request) {
  if (clips(request)) measure_gradient(s);
  step_all(s, request, nullptr);
  tell_norm(s, request);
  ++version_;
}

void layer_group::measure_gradient(stream& s) {
  if (arena_.gradients())
    s.ops().sum_squares(s, arena_.gradients(), squared_norm_);
  else
    s.ops().fill(s, squared_norm_, 0);
}

// Apart from what is recorded: the address differs from batch to batch.
void layer_group::tell_norm(stream& s, const update_request& request) const {
  if (clips(request) && request.squared_norm) s.ops().copy(s, squared_norm_, *request.squared_norm);
}

void layer_group::step_all(stream& s, const update_request& request, const uploaded_numbers* numbers) {
  for (auto i = layers_.size(); i-- > 0;) step_layer(s, i, request, numbers);
}

// `nonfinite` receives the layer's part of what is asked for, and is pointed to.
optimizer_step layer_group::step_of(std::size_t i, const update_request& request, tensor& nonfinite) const {
  if (request.nonfinite) nonfinite = request.nonfinite->view(static_cast<std::int64_t>(i), {1});
  return {.scale = 1 / static_cast<float>(request.terms),
          .learning_rate = request.learning_rate,
          .number = version_ + 1,
          .guard = request.guard,
          .nonfinite = request.nonfinite ? &nonfinite : nullptr,
          .squared_norm = clips(request) ? &squared_norm_ : nullptr,
          .largest_norm = request.clip_norm,
          .rounding = rounding_key(static_cast<std::uint64_t>(seed_), static_cast<std::uint64_t>(first_layer_) + i,
                                   version_ + 1)};
}

void layer_group::step_layer(stream& s, std::size_t i, const update_request& request, const uploaded_numbers* numbers) {
  const auto range = arena_.ranges()[i];
  if (range.count == 0) return;
  tensor nonfinite, uploaded;
  auto step = step_of(i, request, nonfinite);
  if (numbers) {
    uploaded = numbers->of_step(i);
    step.numbers = &uploaded;
  }
  optimizer_->step(s, arena_, range, step);
}

namespace {

std::uint64_t memory_of(const tensor& all) {
  return all ? all.memory()->bytes() : 0;
}

} // namespace

std::uint64_t layer_group::weight_bytes() const {
  return memory_of(arena_.values()) + memory_of(arena_.state());
}

std::uint64_t layer_group::gradient_bytes() const {
  return memory_of(arena_.gradients());
}

std::vector<layer_group::named_tensor> layer_group::weights() {
  std::vector<named_tensor> all;
  for (std::size_t i = 0; i < layers_.size(); ++i)
    for (const auto* each : layers_[i]->parameters()) all.push_back({prefix(i) + each->name, each->value});
  return all;
}

learned_state layer_group::learned() {
  auto out = learned_by(arena_, *optimizer_);
  out.counters.push_back(&version_);
  out.counters.push_back(&seed_);
  for (auto* each : carrying_parts_) out.add(each->learned());
  return out;
}

void layer_group::keep(state_archive& of) {
  for (int i = 0; i < layer_count(); ++i) keep_layer(of, i);
  of.word("optimizer.steps", version_);
  of.word("random.seed", seed_);
  of.word("multiply_adds", done_);
}

void layer_group::keep_layer(state_archive& of, int i) {
  const auto at = static_cast<std::size_t>(i);
  const auto name = prefix(at);
  of.within(name, [&] {
    for (auto* each : layers_[at]->parameters()) of.in_place(each->name, each->value);
  });
  if (const auto& range = arena_.ranges()[at]; range.count > 0)
    of.within("optimizer." + name, [&] {
      auto kept = optimizer_->moments_of(range);
      for (std::size_t k = 0; k < kept.size(); ++k) of.in_place(std::to_string(k), kept[k]);
    });
  const auto carrying = layers_[at]->carrying_parts();
  for (std::size_t k = 0; k < carrying.size(); ++k)
    of.within(fmt::format("carried.{}{}.", name, k), [&] { carrying[k]->keep(of); });
}

void layer_group::predict_later(stream& s, const later_gradient::options& how) {
  for (auto* each : carrying_parts_) each->predict_later(s, how);
}

void layer_group::begin_evaluation(stream& s) {
  for (auto* each : carrying_parts_) each->begin_evaluation(s);
}

std::vector<layer*> layer_group::layers() {
  std::vector<layer*> all;
  for (const auto& each : layers_) all.push_back(each.get());
  return all;
}

std::string layer_group::prefix(std::size_t i) const {
  return fmt::format("{}.", first_layer_ + static_cast<int>(i));
}

} // namespace syngrad
