// Tensors that cross from one device to another, on two devices that work late: what is read before it is written, or
// reused before it was read, shows as a wrong number.
#include "runtime/device.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/late_device.hpp"

using namespace syngrad;

namespace {

constexpr std::int64_t sent_elements = 64;

// Works through all that both have, a piece here and a piece there.
void run_both(test::late_device& one, test::late_device& other) {
  bool any = true;
  while (any) {
    any = one.run_one();
    any = other.run_one() || any;
  }
  REQUIRE(one.idle());
  REQUIRE(other.idle());
}

} // namespace

TEST_CASE("a tensor of a peer arrives with what was written there, in the order of events") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    CAPTURE(seed);
    test::late_device there(seed), here(seed + 100);
    auto &writer = there.make_stream(), &reader = here.make_stream();
    auto sent = make_tensor(writer, {sent_elements});
    there.ops().fill(writer, sent, 1);
    there.ops().scale(writer, sent, 3);
    sent.ready_after(writer.record());

    auto arrived = brought_to(reader, sent);
    REQUIRE(here.holds(*arrived.memory().get()));
    here.ops().scale(reader, arrived, 2);
    run_both(here, there);
    REQUIRE(arrived.f32()[0] == 6);
    REQUIRE(arrived.f32()[sent_elements - 1] == 6);
    REQUIRE(sent.f32()[0] == 3);
  }
}

TEST_CASE("a tensor of the reader's own device is not copied") {
  test::late_device where(1);
  auto &writer = where.make_stream(), &reader = where.make_stream();
  auto sent = make_tensor(writer, {sent_elements});
  where.ops().fill(writer, sent, 5);
  sent.ready_after(writer.record());
  const auto got = brought_to(reader, sent);
  REQUIRE(got.f32() == sent.f32());
  REQUIRE(where.memory().counters().allocations == 1);
  where.synchronize();
}

TEST_CASE("memory that a peer reads is written again only after the peer is past its copy") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    CAPTURE(seed);
    test::late_device there(seed), here(seed + 100);
    auto &writer = there.make_stream(), &reader = here.make_stream();
    std::vector<tensor> arrived;
    for (int i = 0; i < 4; ++i) {
      auto sent = make_tensor(writer, {sent_elements});
      there.ops().fill(writer, sent, static_cast<float>(i));
      sent.ready_after(writer.record());
      arrived.push_back(brought_to(reader, sent));
    } // each was given back before the next was taken
    REQUIRE(there.memory().counters().allocations == 1);
    while (there.run_one()) { // the writer alone comes no further than to its first value
    }
    REQUIRE_FALSE(there.idle());
    run_both(here, there);
    for (int i = 0; i < 4; ++i)
      REQUIRE(arrived[static_cast<std::size_t>(i)].f32()[sent_elements - 1] == static_cast<float>(i));
  }
}

TEST_CASE("an event of one stream holds back several others, also on a peer") {
  test::late_device there(3), here(4);
  auto &first = there.make_stream(), &second = there.make_stream(), &third = here.make_stream();
  auto value = make_tensor(first, {1}), beside = make_tensor(second, {1}), beyond = make_tensor(third, {1});
  there.ops().fill(first, value, 7);
  const auto written = first.record();
  second.wait(written);
  third.wait(written);
  there.ops().copy(second, value, beside);
  here.ops().copy(third, value, beyond);

  while (here.run_one()) { // nothing of the other device is done yet
  }
  REQUIRE_FALSE(here.idle());
  REQUIRE_FALSE(written.ready());
  run_both(there, here);
  REQUIRE(beside.f32()[0] == 7);
  REQUIRE(beyond.f32()[0] == 7);
}

TEST_CASE("a tensor that is none stays none") {
  test::late_device where(1);
  REQUIRE_FALSE(brought_to(where.make_stream(), tensor{}));
}
