// What `tail` shows of a run that goes on, on a trace with known rates.
#include "tests/runtime/io/temporary_folder.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/trace_builder.hpp"

#include "tools/trace/analysis/timing_analyses.hpp"

using namespace syngrad;
using namespace syngrad::test;
using namespace syngrad::tools;
using Catch::Matchers::WithinAbs;

namespace {

constexpr std::int64_t ms = 1'000'000;

} // namespace

TEST_CASE("a live view gives rates, queues and busy shares since the view before, also within a handler") {
  temporary_folder folder;
  trace_builder trace;
  const auto source = trace.actor(2, actor_role::source, 0, "source");
  const auto group = trace.actor(3, actor_role::group, 0, "group 0");
  const auto coordinator = trace.actor(1, actor_role::coordinator, 0, "coordinator");
  // Sent every 100 ms from 0 to 900; each takes 200 ms, so that one of two is left waiting.
  for (std::int64_t i = 0; i < 10; ++i) {
    const auto sent = trace.send(i * 100 * ms, source, group, trace_message::activation, {});
    if (i < 5) trace.handle(sent, i * 200 * ms, (i + 1) * 200 * ms - 1);
  }
  trace.send(850 * ms, group, coordinator, trace_message::batch_done, {});
  trace.write(folder.path());
  const auto run = trace_run::open(folder.path());
  REQUIRE(run);

  live_view view;
  const auto first = view.look(*run, 500 * ms); // sends of 0..400; handled two, in the third
  REQUIRE_THAT(first.seconds, WithinAbs(0.5, 1e-9));
  REQUIRE_THAT(first.messages_a_second, WithinAbs(10, 1e-9));
  REQUIRE_THAT(first.batches_a_second, WithinAbs(0, 1e-9));
  REQUIRE(first.actors.size() == 1);
  REQUIRE(first.actors[0].name == "group 0");
  REQUIRE(first.actors[0].waiting == 2);
  REQUIRE_THAT(first.actors[0].handled_a_second, WithinAbs(4, 1e-9));
  REQUIRE_THAT(first.actors[0].busy, WithinAbs(1, 1e-6));

  const auto second = view.look(*run, 1500 * ms); // all sent; five handled in all, the last at 1000
  REQUIRE_THAT(second.span_s, WithinAbs(1, 1e-9));
  REQUIRE_THAT(second.messages_a_second, WithinAbs(6, 1e-9)); // 5 activations, 1 batch_done
  REQUIRE_THAT(second.batches_a_second, WithinAbs(1, 1e-9));
  REQUIRE(second.actors[0].waiting == 5);
  REQUIRE_THAT(second.actors[0].handled_a_second, WithinAbs(3, 1e-9));
  REQUIRE_THAT(second.actors[0].busy, WithinAbs(0.5, 1e-6));

  REQUIRE(text_of(second, *run).starts_with("0:0"));
  REQUIRE_THAT(text_of(second, *run),
               Catch::Contains("group 0") && Catch::Contains("50 %") && Catch::Contains(" 0 lost"));
}

TEST_CASE("batches that end in another process are counted where the coordinator hears of them") {
  temporary_folder folder;
  trace_builder trace;
  const auto coordinator = trace.actor(1, actor_role::coordinator, 0, "coordinator");
  const auto link = trace.actor(4, actor_role::link, 0, "link node 2 -> the coordinator");
  const auto elsewhere = std::uint32_t{2} << 24 | 2;
  for (int i = 0; i < 3; ++i) {
    trace_record arrived{};
    arrived.time_ns = (i + 1) * 100 * ms;
    arrived.kind = record_kind::enqueue;
    arrived.type = static_cast<std::uint8_t>(trace_message::batch_done);
    arrived.actor = coordinator;
    arrived.peer = elsewhere;
    trace.add(arrived);
    arrived.actor = link;
    trace.add(arrived);
  }
  trace.write(folder.path());
  const auto run = trace_run::open(folder.path());
  REQUIRE(run);
  live_view view;
  view.look(*run, 150 * ms);
  REQUIRE_THAT(view.look(*run, 1150 * ms).batches_a_second, WithinAbs(2, 1e-9));
}

TEST_CASE("where the coordinator is in another process, batches are counted as they are sent to it") {
  temporary_folder folder;
  trace_builder trace(2);
  const auto group = trace.actor(2, actor_role::group, 3, "group 3");
  const auto link = trace.actor(4, actor_role::link, 0, "link group 3 -> the coordinator");
  for (int i = 0; i < 3; ++i) trace.send((i + 1) * 100 * ms, group, link, trace_message::batch_done, {});
  trace.write(folder.path());
  const auto run = trace_run::open(folder.path());
  REQUIRE(run);
  live_view view;
  view.look(*run, 150 * ms);
  REQUIRE_THAT(view.look(*run, 1150 * ms).batches_a_second, WithinAbs(2, 1e-9));
}
