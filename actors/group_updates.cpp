#include "actors/group_updates.hpp"

#include "models/state_archive.hpp"
#include "runtime/operators.hpp"

#include <cassert>
#include <utility>

namespace syngrad {

group_updates::group_updates(group_parts& parts, const policy_capabilities& can)
  : parts_(parts), can_(can), weights_(parts, can) {
  parts_.kept.expect_updates_of(can_.micro_batches);
  if (can_.micro_batches > 1) guard_ = make_tensor(work(), {1});
}

void group_updates::begin(batch_record& record) {
  weights_.begin(record);
  next_step_ = record.step + 1;
}

// ---- caches

// Makes the forward pass again where its cache was let go.
void group_updates::need_cache(batch_record& record) {
  if (!record.cache.is_there) parts_.setup.layers->recompute(work(), record.cache, record.weights);
}

void group_updates::let_cache_go(batch_record& record) const {
  if (!record.cache.beginning.input || record.put_off) return;
  record.cache.drop_saved();
  record.cache_of_chosen.drop_saved();
}

// ---- guards

// Nothing is applied where this sum is not finite. The loss is in it: it can overflow where the gradient does not.
void group_updates::guard(batch_record& record, const tensor& dy, tensor& sum) const {
  work().ops().sum_squares(work(), dy, sum);
  if (parts_.is_top()) work().ops().add(work(), record.measured(measure::loss, 1), 1, sum);
}

// Into the guard of the whole update, where several micro-batches make it.
void group_updates::count_guard(batch_record& record, const tensor& dy, bool is_first) {
  auto sum = record.measured(measure::guard, 1);
  guard(record, dy, sum);
  if (!guard_) return;
  if (is_first)
    work().ops().copy(work(), sum, guard_);
  else
    work().ops().add(work(), sum, 1, guard_);
}

// ---- updates

// Of all micro-batches so far, of which `record` is the last.
update_request group_updates::update_of(batch_record& record, tensor& nonfinite, tensor& squared_norm) {
  nonfinite = record.measured(measure::nonfinite, parts_.setup.layers->layer_count());
  squared_norm = record.measured(measure::squared_norm, 1);
  micro_batches_ = 0;
  record.update_terms = std::exchange(terms_, 0);
  return {.terms = record.update_terms,
          .learning_rate = parts_.setup.rate.at(record.step),
          .accumulated = std::exchange(accumulated_, false),
          .nonfinite = &nonfinite,
          .clip_norm = parts_.setup.clip_norm,
          .squared_norm = &squared_norm};
}

tensor group_updates::update(batch_record& record, applied_gradient applied, const tensor& dy, std::int64_t terms,
                             bool input_gradient) {
  auto& layers = *parts_.setup.layers;
  const auto version = layers.version() + 1;
  count_guard(record, dy, micro_batches_++ == 0);
  terms_ += terms;
  tensor below, nonfinite, squared_norm;
  if (micro_batches_ == can_.micro_batches) {
    const auto sum = record.measured(measure::guard, 1);
    auto request = update_of(record, nonfinite, squared_norm);
    request.guard = guard_ ? &guard_ : &sum;
    below = backward_and_update(record, applied, dy, input_gradient, request);
  } else {
    below = backward(record, dy, {input_gradient, true, std::exchange(accumulated_, true)});
  }
  parts_.account.applies(parts_.out.origin_of(record, version), record, applied, version);
  return below;
}

tensor group_updates::begin_update(batch_record& record, const tensor& dy, bool input_gradient) {
  const bool is_first = begun_++ == 0;
  count_guard(record, dy, is_first);
  record.put_off = true;
  return backward(
    record, dy,
    {.input_gradient = input_gradient, .accumulate = !is_first || accumulated_, .deferred = &record.deferred});
}

void group_updates::complete_update(batch_record& record, applied_gradient applied, std::int64_t terms) {
  auto& layers = *parts_.setup.layers;
  const auto version = layers.version() + 1;
  layers.backward_deferred(work(), record.deferred, std::exchange(accumulated_, true));
  record.put_off = false;
  terms_ += terms;
  if (++micro_batches_ == can_.micro_batches) {
    begun_ = 0;
    tensor nonfinite, squared_norm;
    auto request = update_of(record, nonfinite, squared_norm);
    const auto sum = record.measured(measure::guard, 1);
    request.guard = guard_ ? &guard_ : &sum;
    weights_.before_update(&record);
    layers.update(work(), request);
    weights_.after_update();
  }
  parts_.account.applies(parts_.out.origin_of(record, version), record, applied, version);
}

// In one, layer by layer, where the pass reads the weights that the step changes.
tensor group_updates::backward_and_update(batch_record& record, applied_gradient applied, const tensor& dy,
                                          bool input_gradient, const update_request& request) {
  auto& layers = *parts_.setup.layers;
  const bool in_one = !can_.double_buffers && !weights_.are_stashed_for(record);
  tensor below;
  if (!in_one) below = backward(record, dy, {input_gradient, true, request.accumulated});
  const bool is_received = applied == applied_gradient::truth || applied == applied_gradient::bootstrapped;
  weights_.before_update(is_received ? &record : nullptr);
  if (can_.feeds_back_errors) feedback_.before_update(work(), layers);
  if (in_one) {
    need_cache(record);
    below = layers.backward_and_update(work(), dy, record.cache, input_gradient, request);
  } else {
    layers.update(work(), request);
  }
  if (can_.feeds_back_errors)
    feedback_.after_update(work(), layers, record.version, {request.guard, request.squared_norm});
  weights_.after_update();
  return below;
}

tensor group_updates::backward(batch_record& record, const tensor& dy, backward_request wanted) {
  auto& layers = *parts_.setup.layers;
  if (record.chosen && !parts_.is_top()) {
    assert(!weights_.are_stashed_for(record) && "a stash of weights is for whole batches");
    if (!record.cache_of_chosen.is_there) {
      need_cache(record);
      layers.gather_cache(work(), record.chosen, record.cache, record.cache_of_chosen);
    }
    return layers.backward_of(work(), record.chosen, dy, record.cache_of_chosen, wanted);
  }
  need_cache(record);
  return weights_.are_stashed_for(record) ? layers.backward_with(work(), record.weights, dy, record.cache, wanted)
                                          : layers.backward(work(), dy, record.cache, wanted);
}

void group_updates::accumulate(batch_record& record, tensor dy, float weight) {
  auto& layers = *parts_.setup.layers;
  // What is not finite must not spoil the update of the batch that it is added to.
  auto sum = record.measured(measure::guard + 1, 1);
  guard(record, dy, sum);
  work().ops().zero_unless_finite(work(), sum, dy);
  if (weight != 1) work().ops().scale(work(), dy, weight);
  backward(record, dy, {false, true, std::exchange(accumulated_, true), true});
  const auto version = layers.version() + 1;
  const auto applied = parts_.is_top() ? applied_gradient::truth : applied_gradient::residual;
  parts_.account.applies(parts_.out.origin_of(record, version), record, applied, version, weight);
}

void group_updates::apply_accumulated(std::int64_t terms) {
  if (!std::exchange(accumulated_, false)) return;
  const bool waited = std::exchange(micro_batches_, 0) > 0;
  if (waited) terms = std::exchange(terms_, 0);
  weights_.before_update(nullptr);
  parts_.setup.layers->update(work(), {.terms = terms,
                                       .learning_rate = parts_.setup.rate.at(next_step_),
                                       .accumulated = true,
                                       .guard = waited ? &guard_ : nullptr,
                                       .clip_norm = parts_.setup.clip_norm});
  weights_.after_update();
}

tensor group_updates::input_gradient(batch_record& record, const tensor& dy) {
  return backward(record, dy, {true, false, false});
}

void group_updates::end() {
  if (micro_batches_ > 0) apply_accumulated(terms_);
  weights_.end();
}

void group_updates::keep(state_archive& of) {
  of.word("accumulated", accumulated_);
  of.word("micro_batches", micro_batches_);
  of.word("terms", terms_);
  of.word("next_step", next_step_);
  if (micro_batches_ > 0) of.in_place("guard", guard_);
  if (accumulated_) of.in_place("sums", parts_.setup.layers->gradients());
  of.within("versions.", [&] { weights_.keep(of); });
  of.within("feedback.", [&] { feedback_.keep(of); });
}

} // namespace syngrad
