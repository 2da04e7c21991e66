// A batch's rows and labels out of the whole data set.
#pragma once

#include "runtime/cuda/kernels/launching.hpp"
#include "runtime/operators.hpp"

namespace syngrad::cuda::kernels {

template <class Element>
struct gather_rows_kernel {
  const Element* source;
  const std::int32_t* indices;
  float* out;
  std::int64_t columns;
  float scale;

  SYNGRAD_HOST_DEVICE void operator()(std::int64_t row, std::int64_t column) const {
    out[row * columns + column] = static_cast<float>(source[indices[row] * columns + column]) * scale;
  }
};

struct gather_labels_kernel {
  const std::int32_t *source, *indices;
  std::int32_t* out;
  SYNGRAD_HOST_DEVICE void operator()(std::int64_t i) const { out[i] = source[indices[i]]; }
};

template <class Launcher>
void gather_rows(Launcher& on, const tensor& source, const tensor& indices, float scale, tensor& out) {
  const auto columns = out.columns();
  assert(source.columns() == columns && indices.elements() == out.rows());
  if (source.type() == dtype::u8)
    on.grid(out.rows(), columns,
            gather_rows_kernel<std::uint8_t>{source.u8(), indices.i32(), out.f32(), columns, scale});
  else
    on.grid(out.rows(), columns, gather_rows_kernel<float>{source.f32(), indices.i32(), out.f32(), columns, scale});
}

template <class Launcher>
void gather_labels(Launcher& on, const tensor& source, const tensor& indices, tensor& out) {
  assert(indices.elements() == out.elements());
  on.each(out.elements(), gather_labels_kernel{source.i32(), indices.i32(), out.i32()});
}

} // namespace syngrad::cuda::kernels
