// The batches in flight in a group: in order, found by number, with records that are used again.
#include "actors/batch_window.hpp"

#include "runtime/cpu/cpu_device.hpp"
#include "tests/support/catch.hpp"

using namespace syngrad;

namespace {

struct window_bench {
  cpu_device cpu;
  stream& work = cpu.make_stream();
  batch_window window{work};

  window_bench() { window.prepare(3, 2); }
  std::vector<std::uint64_t> delivered_through(std::uint64_t last) {
    std::vector<std::uint64_t> order;
    window.deliver_through(last, [&](batch_record& each) {
      order.push_back(each.batch);
      each.early.reset();
      each.finished = true;
    });
    return order;
  }
};

} // namespace

TEST_CASE("a batch in flight is found by its number until it is recycled") {
  window_bench b;
  REQUIRE(b.window.is_empty());
  for (const std::uint64_t batch : {4u, 7u, 8u}) b.window.begin(batch);
  REQUIRE(b.window.size() == 3);
  REQUIRE(b.window.last() == 8);
  REQUIRE(b.window.find(7)->batch == 7);
  REQUIRE(b.window.find(5) == nullptr);
  b.window.recycle(*b.window.find(7)); // not the oldest
  REQUIRE(b.window.find(7) == nullptr);
  REQUIRE(b.window.size() == 2);
  REQUIRE(b.window.in_flight().front()->batch == 4);
}

TEST_CASE("once prepared the window takes no memory, and a used record begins with zeros and no marks") {
  window_bench b;
  const auto allocations = b.cpu.memory().counters().allocations;
  for (std::uint64_t batch = 0; batch < 20; ++batch) {
    auto& record = b.window.begin(batch);
    REQUIRE(record.measures.elements() == measure::nonfinite + 2);
    for (std::int64_t i = 0; i < record.measures.elements(); ++i) REQUIRE(record.measures.f32()[i] == 0.0f);
    REQUIRE_FALSE(record.finished);
    REQUIRE_FALSE(record.sent_down);
    REQUIRE_FALSE(record.agreement_measured);
    REQUIRE(record.activations_measured == 0);
    record.measures.f32()[measure::loss] = 3;
    record.finished = record.sent_down = record.agreement_measured = record.ends_at_gap = true;
    record.activations_measured = 5;
    b.window.copy_measures(record);
    REQUIRE(record.numbers.f32()[measure::loss] == 3.0f);
    b.window.recycle(record);
  }
  REQUIRE(b.cpu.memory().counters().allocations == allocations);
}

TEST_CASE("gradients are delivered oldest first, and not beyond a batch that still waits for its own") {
  window_bench b;
  for (std::uint64_t batch = 0; batch < 3; ++batch) b.window.begin(batch);
  b.window.find(2)->early = batch_record::early_gradient{gradient_kind::none, {}};
  b.window.find(0)->early = batch_record::early_gradient{gradient_kind::none, {}};
  REQUIRE(b.delivered_through(2) == std::vector<std::uint64_t>{0});
  b.window.find(1)->early = batch_record::early_gradient{gradient_kind::none, {}};
  REQUIRE(b.delivered_through(1) == std::vector<std::uint64_t>{1});
  REQUIRE(b.delivered_through(2) == std::vector<std::uint64_t>{2});
}
