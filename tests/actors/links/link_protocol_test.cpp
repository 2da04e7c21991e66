// The protocol of links: its table, line by line, and thousands of schedules with everything that a network does.
#include "tests/actors/links/simulated_network.hpp"
#include "tests/support/catch.hpp"

#include <limits>

using namespace syngrad;
using namespace syngrad::test;

namespace {

using verdict = link_receiver::verdict;

// Up and open in session 1, with nothing sent.
link_sender open_sender(std::size_t chunk_bytes, std::size_t credit_bytes) {
  link_sender out(chunk_bytes, credit_bytes);
  out.up(1);
  REQUIRE(out.take({1, 0, credit_bytes, true}));
  return out;
}

} // namespace

TEST_CASE("a message is cut into chunks that are numbered through, its last one shorter") {
  auto sender = open_sender(10, 1000);
  sender.push(25);
  sender.push(10);
  const std::size_t offsets[] = {0, 10, 20, 0}, counts[] = {10, 10, 5, 10};
  for (std::uint64_t i = 0; i < 4; ++i) {
    const auto chunk = sender.next();
    REQUIRE(chunk);
    REQUIRE(chunk->sequence == i);
    REQUIRE(chunk->message == (i == 3 ? 1 : 0));
    REQUIRE(chunk->offset == offsets[i]);
    REQUIRE(chunk->count == counts[i]);
  }
  REQUIRE_FALSE(sender.next());
  REQUIRE(sender.bytes_on_the_way() == 35);
  REQUIRE(sender.take({1, 3, 1000, false, 0}));
  REQUIRE(sender.first_kept() == 1);
  REQUIRE(sender.bytes_on_the_way() == 10);
  REQUIRE(sender.take({1, 4, 1000, false, 0}));
  REQUIRE(sender.all_arrived());
}

TEST_CASE("nothing is sent without a connection, or before the other end has said where it stands") {
  link_sender sender(10, 1000);
  sender.push(5);
  REQUIRE_FALSE(sender.next());
  REQUIRE_FALSE(sender.tick());
  sender.up(1);
  REQUIRE_FALSE(sender.next());
  REQUIRE(sender.take({1, 0, 1000, false, 0})); // a receipt that answers something else
  REQUIRE_FALSE(sender.next());
  REQUIRE_FALSE(sender.tick());
  const auto probe = sender.tick();
  REQUIRE(probe);
  REQUIRE(probe->next == std::numeric_limits<std::uint64_t>::max());
  REQUIRE(sender.take({1, 0, 1000, true, 0}));
  REQUIRE(sender.next());
  sender.down();
  sender.push(5);
  REQUIRE_FALSE(sender.next());
}

TEST_CASE("what is on the way stays within the smaller credit, but one chunk may always go") {
  auto sender = open_sender(10, 35);
  for (int i = 0; i < 10; ++i) sender.push(10);
  for (int i = 0; i < 3; ++i) REQUIRE(sender.next());
  REQUIRE_FALSE(sender.next());
  REQUIRE(sender.take({1, 1, 20, false, 0}));
  REQUIRE_FALSE(sender.next());
  REQUIRE(sender.take({1, 3, 5, false, 0}));
  REQUIRE(sender.next());
  REQUIRE_FALSE(sender.next());
  REQUIRE(sender.bytes_on_the_way() == 10);
}

TEST_CASE("after a reconnect the sender goes on from the chunk that the receiver names, in the middle of a message") {
  auto sender = open_sender(10, 1000);
  sender.push(100);
  for (int i = 0; i < 7; ++i) REQUIRE(sender.next());
  sender.down();
  sender.up(2);
  REQUIRE(sender.take({1, 5, 1000, true, 0})); // of the earlier session
  REQUIRE_FALSE(sender.next());
  REQUIRE(sender.take({2, 4, 1000, true, 0}));
  REQUIRE(sender.bytes_on_the_way() == 0);
  for (std::uint64_t i = 4; i < 10; ++i) REQUIRE(sender.next()->sequence == i);
  REQUIRE(sender.chunks_repeated() == 3);
}

TEST_CASE(
  "the sender goes back once for each time that it is asked, and what was asked before that only frees memory") {
  auto sender = open_sender(10, 1000); // that was round 0
  sender.push(50);
  for (int i = 0; i < 5; ++i) REQUIRE(sender.next());
  REQUIRE(sender.round() == 1);
  REQUIRE(sender.take({1, 2, 1000, true, 1}));
  REQUIRE(sender.round() == 2);
  REQUIRE(sender.next()->sequence == 2);
  REQUIRE(sender.take({1, 2, 1000, true, 1})); // the same once more
  REQUIRE(sender.take({1, 3, 1000, true, 0})); // late, but three have arrived
  REQUIRE(sender.next()->sequence == 3);
  REQUIRE(sender.bytes_on_the_way() == 10);
}

TEST_CASE("a receipt that comes before its connection is known counts once it is") {
  link_sender sender(10, 1000);
  sender.push(10);
  REQUIRE(sender.take({3, 0, 1000, true, 0}));
  sender.up(2);
  REQUIRE_FALSE(sender.next());
  sender.up(3);
  REQUIRE(sender.next()->sequence == 0);
}

TEST_CASE("a receipt for what was never sent is an error") {
  auto sender = open_sender(10, 1000);
  sender.push(30);
  REQUIRE(sender.next());
  const auto taken = sender.take({1, 2, 1000, false, 0});
  REQUIRE_FALSE(taken);
  REQUIRE(taken.message() ==
          "the other end of the link has 2 chunks of the 1 that were sent: it belongs to another run");
}

TEST_CASE("the receiver takes each chunk once and in order, and asks once for what is missing") {
  link_receiver receiver(1000);
  const auto first = receiver.up(1);
  REQUIRE(first);
  REQUIRE((first->again && first->next == 0 && first->credit == 1000));
  REQUIRE(receiver.take({1, 0, 1}, 10, true).what == verdict::take);
  const auto twice = receiver.take({1, 0, 1}, 10, true);
  REQUIRE(twice.what == verdict::drop);
  REQUIRE((twice.receipt && twice.receipt->next == 1 && !twice.receipt->again));
  const auto gap = receiver.take({1, 2, 1}, 10, true);
  REQUIRE(gap.what == verdict::drop);
  REQUIRE((gap.receipt && gap.receipt->next == 1 && gap.receipt->again));
  REQUIRE_FALSE(receiver.take({1, 3, 1}, 10, true).receipt); // asked already
  REQUIRE(receiver.take({0, 1, 1}, 10, true).what == verdict::drop);
  REQUIRE_FALSE(receiver.take({0, 1, 1}, 10, true).receipt);
  const auto damaged = receiver.take({1, 1, 1}, 10, false);
  REQUIRE((damaged.what == verdict::drop && damaged.receipt->again));
  REQUIRE(receiver.take({1, 1, 1}, 10, true).what == verdict::take);
  REQUIRE(receiver.expected() == 2);
  REQUIRE_FALSE(receiver.up(1));
}

TEST_CASE("a receipt is due at once after an eighth of the credit or 32 chunks, else it is owed") {
  link_receiver receiver(800);
  receiver.up(1);
  REQUIRE_FALSE(receiver.take({1, 0, 1}, 99, true).receipt);
  REQUIRE(receiver.owes_receipt());
  REQUIRE(receiver.take({1, 1, 1}, 1, true).receipt->next == 2);
  REQUIRE_FALSE(receiver.owes_receipt());
  for (std::uint64_t i = 2; i < 33; ++i) REQUIRE_FALSE(receiver.take({1, i, 1}, 1, true).receipt);
  REQUIRE(receiver.take({1, 33, 1}, 1, true).receipt->next == 34);
}

TEST_CASE("a probe is answered with what is missing, and a link that damages everything is given up") {
  link_receiver receiver(1000);
  receiver.up(1);
  REQUIRE(receiver.take({1, 0, 1}, 10, true).what == verdict::take);
  REQUIRE_FALSE(receiver.take(link_probe{1, 1, 1})->again);
  REQUIRE(receiver.take(link_probe{1, 2, 1})->again);
  REQUIRE_FALSE(receiver.take(link_probe{2, 2, 1}));
  for (int i = 1; i < 100; ++i) REQUIRE(receiver.take({1, 1, 1}, 10, false).what == verdict::drop);
  REQUIRE(receiver.take({1, 1, 1}, 10, false).what == verdict::refused);
}

TEST_CASE("whatever connections do, everything arrives once, in order, bit for bit, within the credit") {
  std::uint64_t repeated = 0, dropped = 0;
  for (std::uint64_t seed = 1; seed <= 3000; ++seed) {
    CAPTURE(seed);
    network_faults faults;
    faults.cuts = static_cast<int>(seed % 7);
    faults.doubled = 5;
    faults.stale = 20;
    simulated_network network(seed, faults);
    const auto most_on_the_way = network.run();
    REQUIRE(network.stuck() == "");
    REQUIRE(network.arrived() == network.sent());
    REQUIRE(most_on_the_way <= network.credit());
    repeated += network.sender().chunks_repeated();
    dropped += network.receiver().dropped();
  }
  REQUIRE(repeated > 3000);
  REQUIRE(dropped > 3000);
}

TEST_CASE("packets that are lost or damaged within a connection are sent again") {
  std::uint64_t repeated = 0, damaged = 0;
  for (std::uint64_t seed = 1; seed <= 3000; ++seed) {
    CAPTURE(seed);
    network_faults faults;
    faults.cuts = static_cast<int>(seed % 3);
    faults.doubled = 3;
    faults.stale = 5;
    faults.lost = 6;
    faults.damaged = 6;
    simulated_network network(seed, faults);
    network.run();
    REQUIRE(network.stuck() == "");
    REQUIRE(network.arrived() == network.sent());
    repeated += network.sender().chunks_repeated();
    damaged += network.receiver().damaged();
  }
  REQUIRE(repeated > 10000);
  REQUIRE(damaged > 5000);
}
