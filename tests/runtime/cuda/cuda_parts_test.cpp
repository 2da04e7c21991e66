// The small parts of the CUDA backend that need no GPU.
#include "runtime/cuda/cuda_devices.hpp"
#include "runtime/cuda/handle_pool.hpp"
#include "runtime/cuda/kernels/matmul_product.hpp"
#include "runtime/cuda/operator_history.hpp"
#include "runtime/text.hpp"
#include "tests/support/catch.hpp"

#include <vector>

using namespace syngrad;

TEST_CASE("handles are made once, kept, and destroyed with their pool") {
  int next = 0;
  std::vector<int> destroyed;
  {
    cuda::handle_pool<int> pool([&] { return next++; }, [&](int handle) { destroyed.push_back(handle); });
    const auto a = pool.take(), b = pool.take();
    REQUIRE(a != b);
    pool.give_back(a);
    pool.give_back(b);
    for (int i = 0; i < 10; ++i) {
      const auto one = pool.take(), other = pool.take();
      REQUIRE(one != other);
      pool.give_back(one);
      pool.give_back(other);
    }
    REQUIRE(pool.made() == 2);
    REQUIRE(destroyed.empty());
  }
  REQUIRE(destroyed.size() == 2);
}

TEST_CASE("a stream remembers its last operators, newest first") {
  cuda::operator_history history;
  REQUIRE(history.recent().empty());
  history.note("fill");
  history.note("matmul");
  REQUIRE(history.recent() == "matmul, fill");
  for (const auto* name : {"a", "b", "c", "d", "e"}) history.note(name);
  REQUIRE(history.recent() == "e, d, c, b, a, matmul");
}

TEST_CASE("sizes and versions are written for people") {
  REQUIRE(byte_size(0) == "0 B");
  REQUIRE(byte_size(1023) == "1023 B");
  REQUIRE(byte_size(1536) == "1.5 KiB");
  REQUIRE(byte_size(std::size_t{80} << 30) == "80.0 GiB");
  REQUIRE(cuda::version_text(13000) == "13.0");
  REQUIRE(cuda::version_text(12080) == "12.8");
}

TEST_CASE("products that need different algorithms are of different kinds, others share one") {
  alignas(256) static float memory[1024];
  cuda::matmul_product one{8, 8, 8, false, true, cuda::factor_type::f32, memory, memory + 64, memory + 128, 1, 0};
  auto same = one;
  same.alpha = 2;
  same.beta = 1;
  same.a = memory + 512;
  REQUIRE(cuda::kind_of(one) == cuda::kind_of(same));
  const auto differs = [&](auto change) {
    auto other = one;
    change(other);
    return cuda::kind_of(other) != cuda::kind_of(one);
  };
  REQUIRE(differs([](auto& p) { p.n = 9; }));
  REQUIRE(differs([](auto& p) { p.transpose_a = true; }));
  REQUIRE(differs([](auto& p) { p.factors = cuda::factor_type::bf16; }));
  REQUIRE(differs([](auto& p) { p.after = cuda::epilogue::relu; }));
  REQUIRE(differs([](auto& p) { p.b = memory + 65; }));
  REQUIRE(differs([](auto& p) { p.batch.count = 2; }));
  REQUIRE(differs([](auto& p) { p.batch.stride_c = 64; }));
  REQUIRE(cuda::alignment_of(memory) == 256);
  REQUIRE(cuda::alignment_of(memory + 1) == 4);
  REQUIRE(cuda::alignment_of(memory + 6) == 8);
}

TEST_CASE("without a usable device the list and the making of one say the same why") {
  const auto found = list_cuda_devices();
  REQUIRE(found.devices.empty() == !found.problem.empty());
  for (const auto& each : found.devices) REQUIRE_FALSE(each.name.empty());
  const auto beyond = static_cast<int>(found.devices.size());
  const auto made = make_cuda_device({.ordinal = beyond});
  REQUIRE_FALSE(made);
  REQUIRE(made.message().find("cuda:" + std::to_string(beyond) + ": ") == 0);
  if (found.devices.empty()) REQUIRE(made.message() == "cuda:0: " + found.problem);
}
