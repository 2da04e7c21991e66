#include "actors/batch_source.hpp"

#include "runtime/operators.hpp"

#include <cstring>
#include <new>
#include <numeric>

namespace syngrad {

namespace {

dtype type_of(const sample_set& samples) {
  return samples.bytes.empty() ? dtype::f32 : dtype::u8;
}

const std::byte* values_of(const sample_set& samples) {
  return samples.bytes.empty() ? reinterpret_cast<const std::byte*>(samples.floats.data())
                               : reinterpret_cast<const std::byte*>(samples.bytes.data());
}

} // namespace

batch_source::batch_source(stream& work, const sample_set& samples, std::int64_t features)
  : work_(work), source_(samples), features_(features) {
  try {
    auto labels = make_tensor(work, {samples.count}, dtype::i32);
    samples_ = make_tensor(work, {samples.count, features}, type_of(samples));
    labels_ = std::move(labels);
  } catch (const std::bad_alloc&) {
    return;
  }
  work.ops().upload(work, values_of(samples), samples_);
  work.ops().upload(work, samples.labels.data(), labels_);
}

batch batch_source::gather(std::span<const std::int32_t> rows) {
  const auto count = static_cast<std::int64_t>(rows.size());
  batch out{make_tensor(work_, {count, features_}), make_tensor(work_, {count}, dtype::i32)};
  if (samples_on_device())
    gather_on_device(rows, out);
  else
    gather_on_host(rows, out);
  out.values.ready_after(work_.record());
  out.labels.ready_after(out.values.ready());
  return out;
}

void batch_source::gather_on_device(std::span<const std::int32_t> rows, batch& out) {
  auto indices = make_tensor(work_, {out.values.rows()}, dtype::i32);
  work_.ops().upload(work_, rows.data(), indices);
  work_.ops().gather_rows(work_, samples_, indices, source_.scale(), out.values);
  work_.ops().gather_labels(work_, labels_, indices, out.labels);
}

// Samples go up as they are, so bytes take a quarter of the bus, and become floats on the device as elsewhere.
void batch_source::gather_on_host(std::span<const std::int32_t> rows, batch& out) {
  const auto row_bytes = static_cast<std::size_t>(features_) * size_of(type_of(source_));
  gathered_.resize(rows.size() * row_bytes);
  gathered_labels_.resize(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto row = static_cast<std::size_t>(rows[i]);
    std::memcpy(gathered_.data() + i * row_bytes, values_of(source_) + row * row_bytes, row_bytes);
    gathered_labels_[i] = source_.labels[row];
  }
  work_.ops().upload(work_, gathered_labels_.data(), out.labels);
  auto samples = make_tensor(work_, {out.values.rows(), features_}, type_of(source_));
  work_.ops().upload(work_, gathered_.data(), samples);
  work_.ops().gather_rows(work_, samples, first_indices(out.values.rows()), source_.scale(), out.values);
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
