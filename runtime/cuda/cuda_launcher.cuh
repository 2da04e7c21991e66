// Runs the kernels of kernels/ on a CUDA stream: one launch each, in the mappings that kernels/launching.hpp describes.
#pragma once

#include "runtime/cuda/cuda_stream.hpp"
#include "runtime/cuda/kernels/launching.hpp"
#include "runtime/device.hpp"

#include <algorithm>

namespace syngrad::cuda {

constexpr int block_threads = 256;
constexpr std::int64_t most_blocks = 65535; // in the second direction of a grid; the first takes 2^31 - 1

template <class Kernel>
__global__ void __launch_bounds__(block_threads) run_each(std::int64_t count, Kernel k) {
  const auto i = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i < count) k(i);
}

template <class Kernel>
__global__ void __launch_bounds__(block_threads) run_grid(std::int64_t rows, std::int64_t columns, Kernel k) {
  const auto column = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (column >= columns) return;
  for (std::int64_t row = blockIdx.y; row < rows; row += gridDim.y) k(row, column);
}

// Joins the values of `lanes` threads, `stride` apart in `shared`; the first of them holds the total in the end.
// All threads of the block take part.
template <class Reduction>
__device__ void join_lanes(const Reduction& k, typename Reduction::value* mine, int lane, int lanes, int stride) {
  for (int half = lanes / 2; half > 0; half /= 2) {
    __syncthreads();
    if (lane < half) *mine = k.join(*mine, mine[half * stride]);
  }
  __syncthreads();
}

// One block a group; a thread is a lane.
template <int Lanes, class Reduction>
__global__ void __launch_bounds__(Lanes) run_reduce_rows(std::int64_t terms, Reduction k) {
  using value = typename Reduction::value;
  __shared__ alignas(value) unsigned char memory[Lanes * sizeof(value)];
  auto* shared = reinterpret_cast<value*>(memory);
  const auto group = static_cast<std::int64_t>(blockIdx.x);
  const int lane = static_cast<int>(threadIdx.x);

  auto total = k.empty();
  for (std::int64_t i = lane; i < terms; i += Lanes) k.add(total, group, i);
  shared[lane] = total;
  join_lanes(k, shared + lane, lane, Lanes, 1);
  if (lane == 0) k.finish(group, shared[0]);
  if constexpr (applies_total<Reduction>) {
    __syncthreads(); // what finish wrote is read by apply
    total = shared[0];
    for (std::int64_t i = lane; i < terms; i += Lanes) k.apply(group, i, total);
  }
}

// One block takes tile_columns groups side by side; a row of its threads is a lane.
template <int Lanes, class Reduction>
__global__ void __launch_bounds__(Lanes* tile_columns)
  run_reduce_columns(std::int64_t groups, std::int64_t terms, Reduction k) {
  using value = typename Reduction::value;
  __shared__ alignas(value) unsigned char memory[Lanes * tile_columns * sizeof(value)];
  auto* shared = reinterpret_cast<value*>(memory);
  const auto group = static_cast<std::int64_t>(blockIdx.x) * tile_columns + threadIdx.x;
  const int lane = static_cast<int>(threadIdx.y), column = static_cast<int>(threadIdx.x);
  const bool inside = group < groups; // all threads meet at the barriers, also those without a group

  auto total = k.empty();
  if (inside)
    for (std::int64_t i = lane; i < terms; i += Lanes) k.add(total, group, i);
  auto* mine = shared + lane * tile_columns + column;
  *mine = total;
  join_lanes(k, mine, lane, Lanes, tile_columns);
  if (inside && lane == 0) k.finish(group, *mine);
  if constexpr (applies_total<Reduction>) {
    __syncthreads(); // what finish wrote is read by apply
    if (!inside) return;
    total = shared[column];
    for (std::int64_t i = lane; i < terms; i += Lanes) k.apply(group, i, total);
  }
}

constexpr int turn_tile = 32, turn_rows = 8;

// Through shared memory, so that both sides are touched in whole lines; a column more than needed keeps its banks
// apart.
static __global__ void __launch_bounds__(turn_tile* turn_rows)
  run_turn(const float* from, std::int64_t rows, std::int64_t columns, float* to, std::int64_t stride) {
  __shared__ float tile[turn_tile][turn_tile + 1];
  const auto first_column = static_cast<std::int64_t>(blockIdx.x) * turn_tile;
  for (auto first_row = static_cast<std::int64_t>(blockIdx.y) * turn_tile; first_row < rows;
       first_row += static_cast<std::int64_t>(gridDim.y) * turn_tile) {
    for (int r = threadIdx.y; r < turn_tile; r += turn_rows)
      if (first_row + r < rows && first_column + threadIdx.x < columns)
        tile[r][threadIdx.x] = from[(first_row + r) * columns + first_column + threadIdx.x];
    __syncthreads();
    for (int c = threadIdx.y; c < turn_tile; c += turn_rows)
      if (first_column + c < columns && first_row + threadIdx.x < rows)
        to[(first_column + c) * stride + first_row + threadIdx.x] = tile[threadIdx.x][c];
    __syncthreads();
  }
}

class cuda_launcher {
public:
  // `operator_name` lives as long as the program.
  cuda_launcher(stream& s, const char* operator_name) : stream_(cuda(s)), site_(stream_.enter(operator_name)) {}

  template <class Kernel>
  void each(std::int64_t count, const Kernel& k) {
    if (count == 0) return;
    run_each<<<blocks(count, block_threads), block_threads, 0, stream_.handle()>>>(count, k);
    check(site_, cudaGetLastError());
  }

  template <class Kernel>
  void grid(std::int64_t rows, std::int64_t columns, const Kernel& k) {
    if (rows == 0 || columns == 0) return;
    const auto width = static_cast<unsigned>(std::min<std::int64_t>(block_threads, (columns + 31) / 32 * 32));
    const dim3 extent(blocks(columns, width), static_cast<unsigned>(std::min(rows, most_blocks)));
    run_grid<<<extent, width, 0, stream_.handle()>>>(rows, columns, k);
    check(site_, cudaGetLastError());
  }

  template <class Reduction>
  void reduce_rows(std::int64_t groups, std::int64_t terms, const Reduction& k) {
    if (groups == 0) return;
    if (lanes_of_row(terms) == 32)
      run_reduce_rows<32><<<blocks(groups, 1), 32, 0, stream_.handle()>>>(terms, k);
    else
      run_reduce_rows<256><<<blocks(groups, 1), 256, 0, stream_.handle()>>>(terms, k);
    check(site_, cudaGetLastError());
  }

  template <class Reduction>
  void reduce_columns(std::int64_t groups, std::int64_t terms, const Reduction& k) {
    if (groups == 0) return;
    const auto count = blocks(groups, tile_columns);
    if (lanes_of_column(terms) == 8)
      run_reduce_columns<8><<<count, dim3(tile_columns, 8), 0, stream_.handle()>>>(groups, terms, k);
    else
      run_reduce_columns<32><<<count, dim3(tile_columns, 32), 0, stream_.handle()>>>(groups, terms, k);
    check(site_, cudaGetLastError());
  }

  void turn(const float* from, std::int64_t rows, std::int64_t columns, float* to, std::int64_t stride) {
    if (rows == 0 || columns == 0) return;
    const dim3 extent(blocks(columns, turn_tile),
                      static_cast<unsigned>(std::min((rows + turn_tile - 1) / turn_tile, most_blocks)));
    run_turn<<<extent, dim3(turn_tile, turn_rows), 0, stream_.handle()>>>(from, rows, columns, to, stride);
    check(site_, cudaGetLastError());
  }

  // Returned to the pool when the handle goes, and given out again only to work that follows on this stream or waits.
  tensor scratch(shape extents) { return make_tensor(stream_, extents); }

  const call_site& site() const { return site_; }
  cuda_stream& on() const { return stream_; }

private:
  static unsigned blocks(std::int64_t count, std::int64_t threads) {
    return static_cast<unsigned>((count + threads - 1) / threads);
  }

  cuda_stream& stream_;
  call_site site_;
};

} // namespace syngrad::cuda
