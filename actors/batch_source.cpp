#include "actors/batch_source.hpp"

#include "runtime/operators.hpp"

namespace syngrad {

batch_source::batch_source(stream& work, const sample_set& samples, std::int64_t features)
  : work_(work), features_(features), scale_(samples.scale()) {
  const bool bytes = !samples.bytes.empty();
  samples_ = make_tensor(work, {samples.count, features}, bytes ? dtype::u8 : dtype::f32);
  labels_ = make_tensor(work, {samples.count}, dtype::i32);
  const void* values = bytes ? static_cast<const void*>(samples.bytes.data()) : samples.floats.data();
  work.ops().upload(work, values, samples_);
  work.ops().upload(work, samples.labels.data(), labels_);
}

batch batch_source::gather(std::span<const std::int32_t> rows) {
  const auto count = static_cast<std::int64_t>(rows.size());
  auto indices = make_tensor(work_, {count}, dtype::i32);
  work_.ops().upload(work_, rows.data(), indices);
  batch out{make_tensor(work_, {count, features_}), make_tensor(work_, {count}, dtype::i32)};
  work_.ops().gather_rows(work_, samples_, indices, scale_, out.values);
  work_.ops().gather_labels(work_, labels_, indices, out.labels);
  out.values.ready_after(work_.record());
  out.labels.ready_after(out.values.ready());
  return out;
}

} // namespace syngrad
