// What kernels are made of here, and in which order they sum.
//
// A kernel is a plain struct of addresses and numbers with a few functions that run on the GPU and on the host. An
// operator hands it to a launcher: cuda_launcher runs it on a stream, the one in tests/ runs it in loops on the host,
// with the same lanes and the same order of sums. A launcher has
//
//   each(count, k)                 k(i) for every i
//   grid(rows, columns, k)         k(row, column), neighbouring threads in neighbouring columns
//   reduce_rows(groups, n, k)      one total of n terms for each group, neighbouring threads at neighbouring terms
//   reduce_columns(groups, n, k)   the same, neighbouring threads at neighbouring groups
//   turn(from, rows, columns, to, stride)   to[c * stride + r] = from[r * columns + c]
//   scratch(shape)                 a tensor for the launches to come
//
// A reduction k has
//
//   using value                    what is summed, copied freely
//   value empty()
//   void add(value&, group, i)     adds term i
//   value join(value, value)       commutative
//   void finish(group, value)      writes the total; one thread of the group calls it
//   void apply(group, i, value)    (may be missing) for every i, after finish, with the total
//
// A group is summed by lanes: lane l adds the terms l, l + lanes, ..., then halves of the lanes are joined until one is
// left. The number of lanes follows from the number of terms alone, so the same shapes give the same bits.
#pragma once

#include "runtime/host_device.hpp"

#include <cstdint>

namespace syngrad::cuda {

constexpr int tile_columns = 32; // groups that a block of reduce_columns takes side by side

// Powers of two, both: what a block of threads shares out.
constexpr int lanes_of_row(std::int64_t terms) {
  return terms <= 256 ? 32 : 256;
}
constexpr int lanes_of_column(std::int64_t terms) {
  return terms <= 64 ? 8 : 32;
}

// A total is applied to the terms of its group where the reduction says how.
template <class Reduction>
concept applies_total = requires(const Reduction& k, std::int64_t i, typename Reduction::value total) {
  k.apply(i, i, total);
};

// Adds to a number that other threads add to as well: whole numbers below 2^24 only, which add up exactly in any order.
SYNGRAD_HOST_DEVICE inline void add_count(float* to, float amount) {
#ifdef __CUDA_ARCH__
  atomicAdd(to, amount);
#else
  *to += amount;
#endif
}

} // namespace syngrad::cuda
