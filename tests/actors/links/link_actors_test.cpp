// Both ends of a link under CAF's deterministic scheduler, with a wire between them that the test cuts.
#include "tests/actors/links/link_samples.hpp"
#include "tests/actors/links/linked_pair.hpp"
#include "tests/runtime/io/temporary_folder.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/late_device.hpp"

#include "runtime/operators.hpp"
#include "runtime/trace/trace_recorder.hpp"
#include "tools/trace/trace_run.hpp"

#include <cstring>

using namespace syngrad;
using namespace syngrad::test;

namespace {

std::vector<float> numbers(std::int64_t count, float first) {
  std::vector<float> out;
  for (std::int64_t i = 0; i < count; ++i) out.push_back(first + static_cast<float>(i));
  return out;
}

} // namespace

TEST_CASE("every message that crosses arrives in order, with its context and its bytes") {
  linked_pair pair;
  random_source random(1, 1);
  auto& work = pair.cpu.make_stream();
  std::vector<std::vector<char>> expected;
  for (int round = 0; round < 3; ++round) {
    if (round == 1) pair.connect(1); // what came before waits
    for (auto& each : one_of_each(work, random)) {
      expected.push_back(bytes_of(each));
      std::visit([&](auto& message) { pair.send(std::move(message)); }, each);
    }
  }
  REQUIRE(pair.kept.size() == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) REQUIRE(bytes_of(pair.kept[i]) == expected[i]);
  REQUIRE(pair.sent->messages == expected.size());
  REQUIRE(pair.received->messages == expected.size());
  REQUIRE(pair.received->wire_bytes == pair.sent->wire_bytes);
  REQUIRE(pair.received->payload_bytes == pair.sent->payload_bytes);
}

TEST_CASE("a message comes in chunks, and a connection lost in its middle costs only what was on the way") {
  link_options options;
  options.chunk_bytes = 100;
  options.credit_bytes = 500;
  linked_pair pair(options);
  auto& work = pair.cpu.make_stream();
  pair.connect(1);
  REQUIRE(pair.told == "");
  pair.passes = 20; // chunks and receipts
  const auto values = copy_of(work, numbers(1000, 1), {10, 100});
  pair.send(gradient{{77, 1, 2, 3, 4}, gradient_kind::truth, values});
  REQUIRE(pair.kept.empty());
  REQUIRE(pair.passes == 0);
  REQUIRE(pair.chunks >= 10);
  REQUIRE(pair.describe(pair.incoming).starts_with("link from source: waits for the rest of a message"));
  pair.disconnect();
  REQUIRE(pair.told == "away ");
  REQUIRE(pair.describe(pair.outgoing)
            .starts_with("link to target: waits for a connection to the other end (the cable was pulled), 1 messages "
                         "are not there yet ("));
  pair.passes = 1 << 30;
  pair.connect(2);
  REQUIRE(pair.told == "away back ");
  REQUIRE(pair.kept.size() == 1);
  const auto& arrived = std::get<gradient>(pair.kept[0]);
  REQUIRE(arrived.context.id == 77);
  REQUIRE(arrived.context.version == 4);
  REQUIRE(std::memcmp(arrived.values.data(), values.data(), values.bytes()) == 0);
  const auto chunks_of_message = (pair.sent->wire_bytes + 99) / 100;
  REQUIRE(static_cast<std::uint64_t>(pair.chunks) == chunks_of_message);
  REQUIRE(pair.sent->repeated_chunks >= 1);
  REQUIRE(pair.sent->repeated_chunks <= 5); // the credit
  REQUIRE(pair.received->repeated_chunks == 0);
}

TEST_CASE("what a connection loses without being lost itself is noticed by the second tick") {
  linked_pair pair;
  pair.connect(1);
  pair.passes = 0;
  pair.send(flush_mark{{1, 0, 0, 0, 0}});
  pair.passes = 1 << 30;
  REQUIRE(pair.kept.empty());
  REQUIRE(pair.describe(pair.outgoing).find("1 messages are not there yet") != std::string::npos);
  pair.pass_time(std::chrono::seconds(1));
  REQUIRE(pair.kept.empty());
  pair.pass_time(std::chrono::seconds(1));
  REQUIRE(pair.kept.size() == 1);
}

TEST_CASE("the receiving end tells within 5 ms what has come, and then nothing is held any more") {
  linked_pair pair;
  pair.connect(1);
  auto& work = pair.cpu.make_stream();
  pair.send(gradient{{}, gradient_kind::truth, copy_of(work, numbers(10, 1), {10})});
  pair.kept.clear();
  REQUIRE(pair.cpu.memory().counters().in_use == 1);
  pair.send(drain_link{});
  REQUIRE(pair.describe(pair.outgoing).find("1 messages are not there yet") != std::string::npos);
  pair.pass_time(std::chrono::milliseconds(5));
  REQUIRE(pair.cpu.memory().counters().in_use == 0);
  REQUIRE(pair.describe(pair.outgoing).starts_with("link to target: has nothing to send; session "));
}

TEST_CASE("who asks for a drain is told once everything has arrived, in whatever order it was asked") {
  linked_pair pair;
  const auto asker = [&] { return drain_link{pair.owner()}; };
  pair.send(flush_mark{});
  pair.send(asker());
  REQUIRE(pair.told == "");
  pair.connect(1);
  pair.pass_time(std::chrono::milliseconds(5));
  REQUIRE(pair.told == "drained 4 ");
  pair.send(asker());
  REQUIRE(pair.told == "drained 4 drained 4 ");
}

TEST_CASE("credit bounds what is on the way, and the line of a hang report says so") {
  link_options options;
  options.chunk_bytes = 1000;
  options.credit_bytes = 4500;
  linked_pair pair(options);
  auto& work = pair.cpu.make_stream();
  pair.connect(1);
  pair.passes = 0;
  for (int i = 0; i < 3; ++i) pair.send(gradient{{}, gradient_kind::truth, copy_of(work, numbers(1000, 1), {10, 100})});
  REQUIRE(pair.describe(pair.outgoing)
            .starts_with("link to target: waits for bytes of credit, or receipts, from the other end, 3 messages are "
                         "not there yet (4075 bytes on the way, 425 of credit left); session 1 is up, heard of "));
  pair.disconnect();
  REQUIRE(pair.describe(pair.outgoing)
            .starts_with("link to target: waits for a connection to the other end (the cable was pulled), 3 messages"));
  REQUIRE(pair.describe(pair.outgoing).find("session 1 is down, heard of ") != std::string::npos);
  REQUIRE(pair.describe(pair.incoming).find("session 1 is down, heard of ") != std::string::npos);
}

TEST_CASE("a tensor on a late device is sent when it is ready, and what was sent after it waits behind it") {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    CAPTURE(seed);
    late_device late(seed);
    linked_pair pair({}, &late);
    pair.connect(1);
    auto& work = late.make_stream();
    std::vector<tensor> values;
    for (int i = 0; i < 5; ++i) {
      auto made = make_tensor(work, {4});
      work.ops().fill(work, made, static_cast<float>(i));
      made.ready_after(work.record());
      pair.send(gradient{{static_cast<std::uint64_t>(i), 0, 0, 0, 0}, gradient_kind::truth, std::move(made)});
      pair.send(credit{{100, 0, 0, 0, 0}, i});
    }
    REQUIRE(pair.kept.empty());
    while (late.run_one()) pair.run();
    REQUIRE(pair.kept.size() == 10);
    for (std::size_t i = 0; i < 5; ++i) {
      const auto& arrived = std::get<gradient>(pair.kept[2 * i]);
      REQUIRE(arrived.context.id == i);
      for (int at = 0; at < 4; ++at) REQUIRE(arrived.values.f32()[at] == static_cast<float>(i));
      REQUIRE(std::get<credit>(pair.kept[2 * i + 1]).batches == static_cast<std::int64_t>(i));
    }
  }
}

TEST_CASE("a link that is told that the other process is dead ends with an error that says why") {
  linked_pair pair;
  pair.connect(1);
  caf::anon_send(pair.outgoing, link_dead{"node b (10.0.0.2:4711) was last heard 12 s ago"});
  caf::anon_send(pair.incoming, link_dead{"node b (10.0.0.2:4711) was last heard 12 s ago"});
  pair.run();
  REQUIRE(pair.out_end.find("link to target: node b (10.0.0.2:4711) was last heard 12 s ago") != std::string::npos);
  REQUIRE(pair.in_end.find("link from source: node b (10.0.0.2:4711) was last heard 12 s ago") != std::string::npos);
}

TEST_CASE("messages larger than the other end takes, and an other end of another run, end the link with a reason") {
  link_options small;
  small.message_limit = 100;
  linked_pair pair({}, nullptr, nullptr, nullptr, small);
  pair.connect(1);
  auto& work = pair.cpu.make_stream();
  pair.send(gradient{{}, gradient_kind::truth, copy_of(work, numbers(100, 1), {100})});
  REQUIRE(pair.kept.empty());
  REQUIRE(pair.in_end.find("larger than a message may be, 100") != std::string::npos);
  caf::anon_send(pair.outgoing, link_receipt{1, 1000, 1, false, 0});
  pair.run();
  REQUIRE(pair.told.find("it belongs to another run") != std::string::npos);
  REQUIRE(pair.out_end.find("it belongs to another run") != std::string::npos);
}

TEST_CASE("a message larger than a link carries is not sent, but ends the link and tells the coordinator") {
  link_options small;
  small.message_limit = 100;
  linked_pair pair(small);
  auto& work = pair.cpu.make_stream();
  pair.send(gradient{{}, gradient_kind::truth, copy_of(work, numbers(100, 1), {100})});
  const std::string why =
    "link to target: a message of 467 bytes is more than a link carries, 100; use smaller batches or "
    "cut the weights";
  REQUIRE(pair.told == why);
  REQUIRE(pair.out_end.find(why) != std::string::npos);
}

TEST_CASE("a trace shows a message leave one node and come to the other, under the number that it was sent with") {
  temporary_folder here, there;
  trace_settings of_here, of_there;
  of_here.folder = here.path();
  of_there.folder = there.path();
  of_there.node = 1;
  auto recorder_here = trace_recorder::create(of_here, {});
  auto recorder_there = trace_recorder::create(of_there, {});
  REQUIRE((recorder_here && recorder_there));
  (*recorder_here)->switch_on(true);
  (*recorder_there)->switch_on(true);
  const auto id = message_origin(0, 7) | 123;
  std::uint64_t wire_bytes = 0;
  {
    linked_pair pair({}, nullptr, recorder_here->get(), recorder_there->get());
    pair.connect(1);
    auto& work = pair.cpu.make_stream();
    pair.send(gradient{{id, 0, 5, 3, 4}, gradient_kind::truth, copy_of(work, numbers(10, 1), {10})});
    REQUIRE(pair.kept.size() == 1);
    wire_bytes = pair.sent->wire_bytes;
  }
  const auto of_message = [&](trace_recorder& recorder, const std::string& folder) {
    REQUIRE(recorder.close());
    std::vector<trace_record> out;
    const auto trace = tools::trace_run::open(folder);
    REQUIRE(trace);
    trace->for_each([&](const trace_record& each) {
      if (each.message == id) out.push_back(each);
    });
    return out;
  };
  const auto left = of_message(**recorder_here, here.path());
  REQUIRE(left.size() == 4); // to the link: send, begin, serialize, end
  REQUIRE(left[0].kind == record_kind::send);
  REQUIRE(left[0].peer == actor_id(0, 1));
  REQUIRE(left[2].kind == record_kind::serialize);
  REQUIRE(left[2].value == wire_bytes);
  REQUIRE(left[2].actor == actor_id(0, 1));
  REQUIRE(left[2].version == 4);
  REQUIRE(left[2].batch == 3);
  const auto came = of_message(**recorder_there, there.path());
  REQUIRE(came.size() == 4); // deserialize, then at the target enqueue, begin, end
  REQUIRE(came[0].kind == record_kind::deserialize);
  REQUIRE(came[0].value == wire_bytes);
  REQUIRE(came[0].actor == actor_id(1, 2));
  REQUIRE(came[0].peer == actor_id(0, 7));
  REQUIRE(came[1].kind == record_kind::enqueue);
  REQUIRE(came[1].actor == actor_id(1, 9));
  REQUIRE(came[1].peer == actor_id(0, 7));
  REQUIRE(came[2].kind == record_kind::begin);
}
