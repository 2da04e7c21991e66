#include "runtime/data/host_batch.hpp"

#include "runtime/operators.hpp"

#include <algorithm>
#include <cstring>
#include <stdexcept>

namespace syngrad {

namespace {

constexpr std::uint64_t augmentation_purpose = 0x6175676d656e74; // keeps its draws apart from others of the same seed

dtype type_of_inputs(const sample_set& samples) {
  if (samples.is_text() || !samples.numbers.empty()) return dtype::i32;
  return samples.bytes.empty() && samples.files.empty() ? dtype::f32 : dtype::u8;
}

// Of the rows that are given, one after the other.
void gather_rows_of(const std::byte* from, std::size_t row_bytes, std::span<const std::int64_t> rows,
                    std::vector<std::byte>& out) {
  out.resize(rows.size() * row_bytes);
  for (std::size_t i = 0; i < rows.size(); ++i)
    std::memcpy(out.data() + i * row_bytes, from + static_cast<std::size_t>(rows[i]) * row_bytes, row_bytes);
}

std::span<std::int32_t> as_numbers(std::vector<std::byte>& bytes, std::size_t count) {
  bytes.resize(count * sizeof(std::int32_t));
  return {reinterpret_cast<std::int32_t*>(bytes.data()), count};
}

} // namespace

const std::byte* inputs_of(const sample_set& samples) {
  switch (type_of_inputs(samples)) {
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

host_batch_maker::host_batch_maker(const sample_set& samples, const dataset& of, augmentation augment,
                                   std::uint64_t seed)
  : samples_(&samples), input_(of.input), target_(of.target), augment_(augment), seed_(seed), reader_(samples.image) {}

dtype host_batch_maker::input_type() const {
  return type_of_inputs(*samples_);
}

std::int64_t host_batch_maker::count_terms(std::span<const std::int64_t> samples) const {
  const auto each = target_.rows();
  auto terms = static_cast<std::int64_t>(samples.size()) * each;
  if (!target_.is_numbers() || samples_->labels.empty()) return terms;
  for (const auto sample : samples) {
    const auto first = samples_->labels.begin() + (samples_->is_text() ? sample : sample * each);
    terms -= std::count(first, first + each, no_label);
  }
  return terms;
}

void host_batch_maker::read_images(std::span<const std::int64_t> rows, std::vector<std::byte>& out) {
  const auto each = static_cast<std::size_t>(input_.elements());
  out.resize(rows.size() * each);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto& file = samples_->files[static_cast<std::size_t>(rows[i])];
    const auto read = reader_.read(file, reinterpret_cast<std::uint8_t*>(out.data() + i * each));
    if (!read) throw std::runtime_error(read.message());
  }
}

void host_batch_maker::gather_inputs(std::span<const std::int64_t> rows, std::uint64_t number,
                                     std::vector<std::byte>& out) {
  const auto element_bytes = size_of(input_type());
  const auto row_bytes = element_bytes * static_cast<std::size_t>(input_.elements());
  auto& before = augment_ ? read_ : out;
  if (samples_->files.empty())
    gather_rows_of(inputs_of(*samples_), row_bytes, rows, before);
  else
    read_images(rows, before);
  if (!augment_) return;
  out.resize(before.size());
  random_source random(seed_ ^ augmentation_purpose, number);
  for (std::size_t i = 0; i < rows.size(); ++i)
    augment_.apply(before.data() + i * row_bytes, input_.extents, element_bytes, random, out.data() + i * row_bytes);
}

void host_batch_maker::make(std::span<const std::int64_t> samples, std::uint64_t number, host_batch& into) {
  into.samples = static_cast<std::int64_t>(samples.size());
  into.terms = count_terms(samples);
  if (samples_->is_text()) {
    const auto tokens = samples.size() * static_cast<std::size_t>(samples_->window);
    copy_windows(*samples_, target_.categories, samples, as_numbers(into.inputs, tokens),
                 as_numbers(into.targets, tokens));
    into.following.resize(samples.size() * static_cast<std::size_t>(following_));
    if (following_ > 0) copy_following(*samples_, samples, into.following);
    return;
  }
  gather_inputs(samples, number, into.inputs);
  gather_rows_of(targets_of(*samples_), size_of(target_.type) * static_cast<std::size_t>(target_.elements()), samples,
                 into.targets);
}

} // namespace syngrad
