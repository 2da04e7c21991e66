// Two and three nodes on one clock: offsets that are known, by pings that are more or less in the way.
#include "tests/runtime/io/temporary_folder.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/trace_builder.hpp"

#include "tools/trace/merge/merge_runs.hpp"

#include <csignal>
#include <filesystem>
#include <sys/resource.h>

using namespace syngrad;
using namespace syngrad::test;
using namespace syngrad::tools;

namespace {

constexpr std::int64_t ahead = 1'000'000; // node 1's clock

// A ping from `node` at `t0` of its clock to a node that is `offset` ahead: `there` and `back` ns on the way.
clock_sample ping(std::uint8_t node, std::uint8_t other, std::int64_t t0, std::int64_t offset, std::int64_t there,
                  std::int64_t back) {
  const std::int64_t answering = 500;
  const auto t1 = t0 + there + offset;
  return {node, other, t0, t1, t1 + answering, t0 + there + answering + back};
}

// Node 0 sends at 50,000 of its clock; node 1 handles from 60,000 to 70,000 of the same, by its own 1 ms later.
struct two_nodes {
  temporary_folder folder;
  trace_builder zero{0}, one{1};

  two_nodes() {
    const auto lower = zero.actor(3, actor_role::group, 0, "group 0");
    one.actor(4, actor_role::group, 1, "group 1");
    const auto upper = actor_id(1, 4);
    const auto sent = zero.send(50'000, lower, upper, trace_message::activation, {.batch = 0});
    trace_record handled;
    handled.time_ns = 60'000 + ahead;
    handled.message = sent;
    handled.actor = upper;
    handled.peer = lower;
    handled.kind = record_kind::begin;
    handled.type = static_cast<std::uint8_t>(trace_message::activation);
    one.add(handled);
    handled.time_ns = 70'000 + ahead;
    handled.kind = record_kind::end;
    one.add(handled);
    zero.clocks(0, 2'000'000'000);
    one.clocks(0, 2'000'000'000 - ahead + 3000); // the time of day is 3 us off
  }

  void add_pings() {
    zero.add(record_of(ping(0, 1, 1'000, ahead, 90'000, 10'000)));
    zero.add(record_of(ping(0, 1, 2'000, ahead, 4'000, 4'000)));
    zero.add(record_of(ping(0, 1, 3'000, ahead, 10'000, 70'000)));
  }

  result<std::vector<merged_node>> merge(bool guess = false) {
    zero.write(folder.file("zero"));
    one.write(folder.file("one"));
    std::vector<trace_run> runs;
    for (const char* name : {"zero", "one"}) runs.push_back(std::move(*trace_run::open(folder.file(name))));
    return merge_runs(runs, folder.file("both/trace"), guess);
  }
};

std::vector<std::int64_t> message_times(const trace_run& run) {
  std::vector<std::int64_t> times;
  run.for_each([&](const trace_record& record) {
    if (is_message(record.kind)) times.push_back(record.time_ns);
  });
  return times;
}

} // namespace

TEST_CASE("two nodes are merged by the ping with the least round trip, which gives offset and uncertainty") {
  two_nodes both;
  both.add_pings();
  const auto merged = both.merge();
  REQUIRE(merged);
  REQUIRE(merged->size() == 2);
  REQUIRE(merged->at(0).offset_ns == 0);
  REQUIRE(merged->at(1).offset_ns == ahead);
  REQUIRE(merged->at(1).uncertainty_ns == 4'000);
  REQUIRE(merged->at(1).pings == 3);
  const auto run = trace_run::open(both.folder.file("both"));
  REQUIRE(run);
  REQUIRE(run->nodes() == std::vector<std::uint8_t>{0, 1});
  REQUIRE(run->clock_uncertainty_ns() == 4'000);
  REQUIRE(message_times(*run) == std::vector<std::int64_t>{50'000, 60'000, 70'000});
  REQUIRE(run->names().title_of(actor_id(1, 4)) == "group 1");
  REQUIRE(run->ended());
  REQUIRE(run->damage().empty());
  REQUIRE(run->lost() == 0);
}

TEST_CASE("what several nodes call alike gets the number of its node") {
  two_nodes both;
  both.add_pings();
  both.zero.actor(9, actor_role::link, 0, "link group 0 -> group 1");
  both.one.actor(7, actor_role::link, 0, "link group 0 -> group 1");
  both.zero.names().threads[{0, 0}] = both.one.names().threads[{1, 0}] = "thread 0";
  both.one.names().threads[{1, 1}] = "thread 1";
  REQUIRE(both.merge());
  const auto run = trace_run::open(both.folder.file("both"));
  REQUIRE(run);
  REQUIRE(run->names().title_of(actor_id(0, 9)) == "link group 0 -> group 1 (node 0)");
  REQUIRE(run->names().title_of(actor_id(1, 7)) == "link group 0 -> group 1 (node 1)");
  REQUIRE(run->names().title_of(actor_id(0, 3)) == "group 0");
  REQUIRE(run->names().threads.at({0, 0}) == "thread 0 (node 0)");
  REQUIRE(run->names().threads.at({1, 0}) == "thread 0 (node 1)");
  REQUIRE(run->names().threads.at({1, 1}) == "thread 1");
}

TEST_CASE("clocks that were never compared are merged by force only, by the time of day") {
  two_nodes both;
  const auto refused = both.merge();
  REQUIRE_FALSE(refused);
  REQUIRE_THAT(refused.message(), Catch::Contains("node 1") && Catch::Contains("--force"));
  REQUIRE_FALSE(trace_run::open(both.folder.file("both")));
  const auto merged = both.merge(true);
  REQUIRE(merged);
  REQUIRE(merged->at(1).offset_ns == ahead - 3000);
  REQUIRE_FALSE(merged->at(1).uncertainty_ns);
  const auto run = trace_run::open(both.folder.file("both"));
  REQUIRE(run);
  REQUIRE(run->clock_uncertainty_ns() < 0); // unknown
  REQUIRE(message_times(*run) == std::vector<std::int64_t>{50'000, 63'000, 73'000});
}

TEST_CASE("two traces of one node, or of different runs, are not merged, and both are named") {
  two_nodes both;
  both.add_pings();
  both.one.run_id(2);
  const auto different = both.merge();
  REQUIRE_FALSE(different);
  REQUIRE_THAT(different.message(),
               Catch::Contains("/zero'") && Catch::Contains("/one'") && Catch::Contains("different runs"));

  std::vector<trace_run> same;
  for (int i = 0; i < 2; ++i) same.push_back(std::move(*trace_run::open(both.folder.file("zero"))));
  const auto twice = merge_runs(same, both.folder.file("twice"), false);
  REQUIRE_FALSE(twice);
  REQUIRE_THAT(twice.message(), Catch::Contains("/zero'") && Catch::Contains("both hold node 0"));
}

TEST_CASE("a merge that cannot be finished leaves nothing behind, and another one can be made") {
  two_nodes both;
  both.add_pings();
  {
    std::signal(SIGXFSZ, SIG_IGN);
    rlimit before{};
    ::getrlimit(RLIMIT_FSIZE, &before);
    both.zero.write(both.folder.file("zero"));
    both.one.write(both.folder.file("one"));
    std::vector<trace_run> runs;
    for (const char* name : {"zero", "one"}) runs.push_back(std::move(*trace_run::open(both.folder.file(name))));
    const rlimit little{100, before.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &little);
    const auto merged = merge_runs(runs, both.folder.file("both/trace"), false);
    ::setrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, SIG_DFL);
    REQUIRE(!merged);
    CHECK(merged.kind() == error_kind::file);
  }
  CHECK(std::filesystem::is_empty(both.folder.file("both")));
  CHECK(both.merge());
}

TEST_CASE("a folder that holds a trace is not merged into") {
  two_nodes both;
  both.add_pings();
  REQUIRE(both.merge());
  const auto again = both.merge();
  REQUIRE_FALSE(again);
  REQUIRE_THAT(again.message(), Catch::Contains("holds a trace already"));
}

TEST_CASE("a node is reached over another one where that is more certain, and uncertainties add up") {
  const std::vector<clock_sample> pings{
    ping(0, 1, 0, 100'000, 2'000, 2'000),  // node 1: 100 us ahead of 0
    ping(2, 1, 0, -30'000, 1'000, 1'000),  // node 2: 130 us ahead of 0, over node 1
    ping(0, 2, 0, 130'000, 90'000, 4'000), // directly: worse, and wrong by 43 us
    ping(4, 5, 0, 7, 10, 10),              // nothing connects these two with node 0
  };
  const auto clocks = align_clocks({0, 1, 2, 4, 5}, pings);
  REQUIRE(clocks.size() == 3);
  REQUIRE(clocks.at(0).offset_ns == 0);
  REQUIRE(clocks.at(1).offset_ns == 100'000);
  REQUIRE(clocks.at(1).uncertainty_ns == 2'000);
  REQUIRE(clocks.at(2).offset_ns == 130'000);
  REQUIRE(clocks.at(2).uncertainty_ns == 3'000);
  REQUIRE(clocks.at(2).over == 1);
}

TEST_CASE("a ping with times that cannot be is not believed") {
  auto impossible = ping(0, 1, 0, 5'000, 10, 10);
  impossible.t3 = impossible.t0 - 1'000'000; // came back before it was sent
  const std::vector<clock_sample> pings{impossible, ping(0, 1, 0, 5'000, 300, 300)};
  const auto clocks = align_clocks({0, 1}, pings);
  REQUIRE(clocks.at(1).offset_ns == 5'000);
  REQUIRE(clocks.at(1).uncertainty_ns == 300);
}
