#include "runtime/cuda/staging_area.hpp"

#include "runtime/cpu/cpu_device.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/late_device.hpp"

#include <set>
#include <thread>

using namespace syngrad;
using cuda::staging_area;

TEST_CASE("a piece is written again only when its copy is done") {
  test::late_device where(1);
  auto& on = where.make_stream();
  staging_area area(make_host_memory(), 8);
  auto first = area.take(100);
  auto* const memory = first.data;
  area.give_back(std::move(first), on.record());

  auto second = area.take(100);
  REQUIRE(second.data != memory);
  where.synchronize();
  const auto third = area.take(100);
  REQUIRE(third.data == memory);
  REQUIRE(area.allocations() == 2);
}

TEST_CASE("a piece has room for what was asked, and nothing is allocated once warm") {
  staging_area area(make_host_memory(), 4);
  for (int round = 0; round < 10; ++round)
    for (const std::size_t bytes :
         {std::size_t{1}, std::size_t{4096}, std::size_t{100000}, staging_area::largest_piece}) {
      auto piece = area.take(bytes);
      REQUIRE(piece.bytes >= bytes);
      static_cast<char*>(piece.data)[bytes - 1] = 1;
      area.give_back(std::move(piece), {});
    }
  REQUIRE(area.allocations() == 3); // 1 and 4096 bytes share a size
}

TEST_CASE("at its limit the area waits for the oldest copy instead of growing") {
  constexpr std::size_t limit = 3;
  test::late_device where(1);
  auto& on = where.make_stream();
  staging_area area(make_host_memory(), limit);
  std::set<void*> used;
  for (std::size_t i = 0; i < limit; ++i) {
    auto piece = area.take(10);
    used.insert(piece.data);
    area.give_back(std::move(piece), on.record());
  }
  std::thread device([&] { where.synchronize(); });
  const auto next = area.take(10);
  device.join();
  REQUIRE(used.count(next.data) == 1);
  REQUIRE(area.allocations() == limit);
}
