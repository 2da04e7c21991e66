#include "actors/batch_source.hpp"

#include "runtime/operators.hpp"

#include <new>
#include <numeric>

namespace syngrad {

namespace {

// Of `count` samples' targets: a row a sample.
tensor make_targets(stream& work, std::int64_t count, const sample_spec& each) {
  return make_tensor(work, {count, each.elements()}, each.type);
}

// As an objective takes them.
tensor as_terms(const tensor& targets, const sample_spec& each) {
  if (each.is_numbers()) return targets.view(0, {targets.elements()});
  return targets.view(0, {targets.elements() / each.features(), each.features()});
}

} // namespace

batch_source::batch_source(stream& work, const sample_set& samples, const dataset& of, augmentation augment,
                           std::uint64_t seed)
  : work_(work), source_(samples), input_(of.input), target_(of.target), maker_(samples, of, augment, seed) {
  if (input_.is_numbers() || augment || !samples.lies_in_memory()) return;
  try {
    auto targets = make_targets(work, samples.count, target_);
    samples_ = make_tensor(work, {samples.count, input_.elements()}, maker_.input_type());
    targets_ = std::move(targets);
  } catch (const std::bad_alloc&) {
    return;
  }
  work.ops().upload(work, inputs_of(samples), samples_);
  work.ops().upload(work, targets_of(samples), targets_);
}

batch batch_source::gather(std::span<const std::int64_t> samples, std::uint64_t number) {
  if (samples_on_device()) return gather_on_device(samples);
  maker_.make(samples, number, gathered_);
  return bring_up(gathered_);
}

batch batch_source::empty_batch(std::int64_t samples, std::int64_t terms) {
  return {make_tensor(work_, {samples, input_.elements()}, input_.type), make_targets(work_, samples, target_), samples,
          terms};
}

void batch_source::complete(batch& made) {
  made.targets = as_terms(made.targets, target_);
  made.values.ready_after(work_.record());
  made.targets.ready_after(made.values.ready());
  if (made.following) made.following.ready_after(made.values.ready());
}

batch batch_source::gather_on_device(std::span<const std::int64_t> rows) {
  auto out = empty_batch(static_cast<std::int64_t>(rows.size()), maker_.count_terms(rows));
  auto indices = make_tensor(work_, {out.samples}, dtype::i32);
  indices_.assign(rows.begin(), rows.end());
  work_.ops().upload(work_, indices_.data(), indices);
  work_.ops().gather_rows(work_, samples_, indices, source_.scale(), out.values);
  if (target_.is_numbers())
    work_.ops().gather_labels(work_, targets_, indices, out.targets);
  else
    work_.ops().gather_rows(work_, targets_, indices, 1, out.targets);
  complete(out);
  return out;
}

// Samples go up as they are, so bytes take a quarter of the bus, and become floats on the device as elsewhere.
batch batch_source::bring_up(const host_batch& from) {
  auto out = empty_batch(from.samples, from.terms);
  work_.ops().upload(work_, from.targets.data(), out.targets);
  if (input_.is_numbers()) {
    work_.ops().upload(work_, from.inputs.data(), out.values);
  } else {
    auto samples = make_tensor(work_, {out.samples, input_.elements()}, maker_.input_type());
    work_.ops().upload(work_, from.inputs.data(), samples);
    work_.ops().gather_rows(work_, samples, first_indices(out.samples), source_.scale(), out.values);
  }
  if (!from.following.empty()) {
    const auto each = static_cast<std::int64_t>(from.following.size()) / out.samples;
    out.following = make_tensor(work_, {out.samples, each}, dtype::i32);
    work_.ops().upload(work_, from.following.data(), out.following);
  }
  complete(out);
  return out;
}

tensor batch_source::first_indices(std::int64_t count) {
  if (!counting_ || counting_.elements() < count) {
    std::vector<std::int32_t> counted(static_cast<std::size_t>(count));
    std::iota(counted.begin(), counted.end(), 0);
    counting_ = make_tensor(work_, {count}, dtype::i32);
    work_.ops().upload(work_, counted.data(), counting_);
  }
  return counting_.view(0, {count});
}

} // namespace syngrad
