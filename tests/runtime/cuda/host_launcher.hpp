// Runs the kernels of runtime/cuda/kernels in loops on a host stream, with the lanes and the order of sums that a GPU
// has (runtime/cuda/kernels/launching.hpp).
#pragma once

#include "runtime/cpu/cpu_device.hpp"
#include "runtime/cuda/kernels/launching.hpp"
#include "runtime/device.hpp"

#include <vector>

namespace syngrad::test {

class host_launcher {
public:
  explicit host_launcher(stream& s) : stream_(s) {}

  template <class Kernel>
  void each(std::int64_t count, const Kernel& k) {
    host(stream_).launch([=] {
      for (std::int64_t i = 0; i < count; ++i) k(i);
    });
  }

  template <class Kernel>
  void grid(std::int64_t rows, std::int64_t columns, const Kernel& k) {
    host(stream_).launch([=] {
      for (std::int64_t r = 0; r < rows; ++r)
        for (std::int64_t c = 0; c < columns; ++c) k(r, c);
    });
  }

  template <class Reduction>
  void reduce_rows(std::int64_t groups, std::int64_t terms, const Reduction& k) {
    reduce(groups, terms, cuda::lanes_of_row(terms), k);
  }
  template <class Reduction>
  void reduce_columns(std::int64_t groups, std::int64_t terms, const Reduction& k) {
    reduce(groups, terms, cuda::lanes_of_column(terms), k);
  }

  void turn(const float* from, std::int64_t rows, std::int64_t columns, float* to, std::int64_t stride) {
    host(stream_).launch([=] {
      for (std::int64_t r = 0; r < rows; ++r)
        for (std::int64_t c = 0; c < columns; ++c) to[c * stride + r] = from[r * columns + c];
    });
  }

  tensor scratch(shape extents) { return make_tensor(stream_, extents); }

private:
  template <class Reduction>
  void reduce(std::int64_t groups, std::int64_t terms, std::int64_t lanes, const Reduction& k) {
    host(stream_).launch([=] {
      for (std::int64_t group = 0; group < groups; ++group) reduce_group(group, terms, lanes, k);
    });
  }

  template <class Reduction>
  static void reduce_group(std::int64_t group, std::int64_t terms, std::int64_t lanes, const Reduction& k) {
    std::vector<typename Reduction::value> lane(static_cast<std::size_t>(lanes), k.empty());
    for (std::int64_t i = 0; i < terms; ++i) k.add(lane[static_cast<std::size_t>(i % lanes)], group, i);
    for (auto half = lane.size() / 2; half > 0; half /= 2)
      for (std::size_t l = 0; l < half; ++l) lane[l] = k.join(lane[l], lane[l + half]);
    k.finish(group, lane[0]);
    if constexpr (cuda::applies_total<Reduction>)
      for (std::int64_t i = 0; i < terms; ++i) k.apply(group, i, lane[0]);
  }

  stream& stream_;
};

} // namespace syngrad::test
