#include "actors/batch_source.hpp"

#include "runtime/operators.hpp"

#include <algorithm>
#include <cstring>
#include <new>
#include <numeric>

namespace syngrad {

namespace {

dtype type_of(const sample_set& samples) {
  if (!samples.numbers.empty()) return dtype::i32;
  return samples.bytes.empty() ? dtype::f32 : dtype::u8;
}

const std::byte* values_of(const sample_set& samples) {
  switch (type_of(samples)) {
  case dtype::u8:
    return reinterpret_cast<const std::byte*>(samples.bytes.data());
  case dtype::i32:
    return reinterpret_cast<const std::byte*>(samples.numbers.data());
  default:
    return reinterpret_cast<const std::byte*>(samples.floats.data());
  }
}

const std::byte* targets_of(const sample_set& samples) {
  return samples.labels.empty() ? reinterpret_cast<const std::byte*>(samples.values.data())
                                : reinterpret_cast<const std::byte*>(samples.labels.data());
}

// Of the rows that are given, one after the other.
void gather_bytes(const std::byte* from, std::size_t row_bytes, std::span<const std::int64_t> rows,
                  std::vector<std::byte>& out) {
  out.resize(rows.size() * row_bytes);
  for (std::size_t i = 0; i < rows.size(); ++i)
    std::memcpy(out.data() + i * row_bytes, from + static_cast<std::size_t>(rows[i]) * row_bytes, row_bytes);
}

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

batch_source::batch_source(stream& work, const sample_set& samples, const dataset& of)
  : work_(work), source_(samples), input_(of.input), target_(of.target) {
  if (samples.is_text() || input_.is_numbers()) return;
  try {
    auto targets = make_targets(work, samples.count, target_);
    samples_ = make_tensor(work, {samples.count, input_.elements()}, type_of(samples));
    targets_ = std::move(targets);
  } catch (const std::bad_alloc&) {
    return;
  }
  work.ops().upload(work, values_of(samples), samples_);
  work.ops().upload(work, targets_of(samples), targets_);
}

batch batch_source::gather(std::span<const std::int64_t> samples) {
  const auto count = static_cast<std::int64_t>(samples.size());
  batch out{make_tensor(work_, {count, input_.elements()}, input_.type), make_targets(work_, count, target_), count,
            count_terms(samples)};
  if (source_.is_text())
    gather_windows(samples, out);
  else if (samples_on_device())
    gather_on_device(samples, out);
  else
    gather_on_host(samples, out);
  out.targets = as_terms(out.targets, target_);
  out.values.ready_after(work_.record());
  out.targets.ready_after(out.values.ready());
  return out;
}

void batch_source::gather_on_device(std::span<const std::int64_t> rows, batch& out) {
  auto indices = make_tensor(work_, {out.samples}, dtype::i32);
  indices_.assign(rows.begin(), rows.end());
  work_.ops().upload(work_, indices_.data(), indices);
  work_.ops().gather_rows(work_, samples_, indices, source_.scale(), out.values);
  if (target_.is_numbers())
    work_.ops().gather_labels(work_, targets_, indices, out.targets);
  else
    work_.ops().gather_rows(work_, targets_, indices, 1, out.targets);
}

// Samples go up as they are, so bytes take a quarter of the bus, and become floats on the device as elsewhere.
void batch_source::gather_on_host(std::span<const std::int64_t> rows, batch& out) {
  const auto input_bytes = static_cast<std::size_t>(input_.elements()) * size_of(type_of(source_));
  gather_bytes(values_of(source_), input_bytes, rows, gathered_);
  const auto target_bytes = size_of(target_.type) * static_cast<std::size_t>(target_.elements());
  gather_bytes(targets_of(source_), target_bytes, rows, gathered_targets_);
  work_.ops().upload(work_, gathered_targets_.data(), out.targets);
  if (input_.is_numbers()) {
    work_.ops().upload(work_, gathered_.data(), out.values);
    return;
  }
  auto samples = make_tensor(work_, {out.samples, input_.elements()}, type_of(source_));
  work_.ops().upload(work_, gathered_.data(), samples);
  work_.ops().gather_rows(work_, samples, first_indices(out.samples), source_.scale(), out.values);
}

void batch_source::gather_windows(std::span<const std::int64_t> firsts, batch& out) {
  tokens_.resize(2 * static_cast<std::size_t>(out.values.elements()));
  const auto inputs = std::span(tokens_).first(tokens_.size() / 2), targets = std::span(tokens_).last(inputs.size());
  copy_windows(source_, target_.categories, firsts, inputs, targets);
  work_.ops().upload(work_, inputs.data(), out.values);
  work_.ops().upload(work_, targets.data(), out.targets);
}

std::int64_t batch_source::count_terms(std::span<const std::int64_t> rows) const {
  const auto each = target_.rows();
  auto terms = static_cast<std::int64_t>(rows.size()) * each;
  if (!target_.is_numbers() || source_.is_text()) return terms;
  for (const auto row : rows) {
    const auto first = source_.labels.begin() + row * each;
    terms -= std::count(first, first + each, no_label);
  }
  return terms;
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
