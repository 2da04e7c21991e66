// The critical path on traces whose every wait is known.
#include "tests/runtime/io/temporary_folder.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/trace_builder.hpp"
#include "tests/trace/asked_traces.hpp"
#include "tests/trace/hand_made_pipelines.hpp"

#include "tools/trace/analysis/causal_analyses.hpp"

using namespace syngrad;
using namespace syngrad::test;
using namespace syngrad::tools;

namespace {

double share_of(const std::vector<std::pair<std::string, double>>& shares, const std::string& name) {
  for (const auto& [each, share] : shares)
    if (each == name) return share;
  return 0;
}

std::int64_t slack_of(const critical_path& path, const std::string& name) {
  for (const auto& [each, slack] : path.slack_ns)
    if (each == name) return slack;
  return -1;
}

void require_no_gaps(const critical_path& path) {
  for (std::size_t i = 1; i < path.steps.size(); ++i) REQUIRE(path.steps[i].begin_ns == path.steps[i - 1].end_ns);
}

// Source -> group 0 -> group 1. The message to group 1 waits 100 ns for a thread's 30 ns and for 70 ns of another
// message that group 1 handles; a third, to a bystander, has time to spare.
struct three_actors {
  three_actors() {
    source = trace.actor(2, actor_role::source, 0, "source");
    below = trace.actor(3, actor_role::group, 0, "group 0");
    top = trace.actor(4, actor_role::group, 1, "group 1");
    bystander = trace.actor(5, actor_role::predictor, 0, "predictor 0");
    const auto start = trace.send(0, top, source, trace_message::credit, {});
    trace.handle(start, 10, 110, waiting_reason::input, 0, 0, 0);
    const auto input = trace.send(100, source, below, trace_message::activation, {.batch = 5, .ring = 0});
    trace.handle(input, 120, 330, waiting_reason::input, 0, 0, 1); // queue 20, then 200 to the send
    const auto aside = trace.send(220, below, bystander, trace_message::predict, {.batch = 5, .ring = 1});
    trace.handle(aside, 230, 260, waiting_reason::input, 0, 0, 3);
    const auto output = trace.send(320, below, top, trace_message::activation, {.batch = 5, .interface = 0, .ring = 1});
    const auto other = trace.send(240, source, top, trace_message::other, {.ring = 0});
    trace.handle(other, 250, 390, waiting_reason::input, 0, 0, 2);  // until 70 ns after `output` was sent
    trace.handle(output, 420, 620, waiting_reason::input, 0, 1, 2); // 30 ns for a thread
  }
  trace_builder trace;
  std::uint32_t source, below, top, bystander;
};

} // namespace

TEST_CASE("what actors are told after the run, by nobody that is known, is not on the path") {
  temporary_folder folder;
  auto actors = three_actors();
  for (const auto kind : {record_kind::begin, record_kind::end})
    actors.trace.half_of_handling(kind, kind == record_kind::begin ? 9000 : 9010, actors.bystander, 0, 0,
                                  trace_message::other, 3);
  const auto path = find_critical_path(written(actors.trace, folder), {}, std::nullopt);
  REQUIRE(path);
  REQUIRE(path->span_ns == 610);
  REQUIRE(share_of(path->by_actor, "predictor 0") == 0);
  REQUIRE(share_of(path->by_actor, "group 1") == Approx(510.0 / 610));
}

TEST_CASE("the path goes through a link to who sent the message") {
  temporary_folder folder;
  trace_builder trace;
  const auto source = trace.actor(2, actor_role::source, 0, "source");
  const auto below = trace.actor(3, actor_role::group, 0, "group 0");
  const auto link = trace.actor(4, actor_role::link, 0, "link group 0 -> group 1");
  const auto top = trace.actor(5, actor_role::group, 1, "group 1");
  const auto input = trace.send(0, source, below, trace_message::activation, {.batch = 5});
  trace.handle(input, 10, 110);
  const auto output = trace.send(100, below, link, trace_message::activation, {.batch = 5, .interface = 0});
  trace.handle(output, 130, 150, waiting_reason::input, 0, 0, 1);
  trace_record passing;
  passing.message = output;
  passing.batch = 5;
  passing.type = static_cast<std::uint8_t>(trace_message::activation);
  passing.actor = link;
  passing.kind = record_kind::serialize;
  passing.time_ns = 140;
  trace.add(passing, 1);
  passing.actor = top;
  passing.kind = record_kind::enqueue;
  passing.time_ns = 200;
  trace.add(passing, 2);
  trace.half_of_handling(record_kind::begin, 220, top, below, output, trace_message::activation, 2);
  trace.half_of_handling(record_kind::end, 420, top, below, output, trace_message::activation, 2);
  const auto path = find_critical_path(written(trace, folder), {}, std::nullopt);
  REQUIRE(path);
  require_no_gaps(*path);
  // 200 at the top, 20 until it began, 60 on the wire, 10 in the link, 30 until that began, 90 in group 0
  REQUIRE(path->span_ns == 410);
  REQUIRE(share_of(path->by_category, "wire") == Approx(60.0 / 410));
  REQUIRE(share_of(path->by_category, "compute") == Approx(300.0 / 410));
  REQUIRE(share_of(path->by_actor, "group 0") == Approx(90.0 / 410));
  REQUIRE(share_of(path->by_actor, "link group 0 -> group 1") == Approx(40.0 / 410));
}

TEST_CASE("the path goes through the work that a message waited for") {
  temporary_folder folder;
  const auto run = written(three_actors().trace, folder);
  const auto path = find_critical_path(run, {}, std::nullopt);
  REQUIRE(path);
  require_no_gaps(*path);
  // Back from 620: 200 in the handler, 30 for a thread, 140 in the handler before, 10 until that began, and the
  // source, which had nothing to wait for, back to its begin at 10 (its handler ended at 110, the send came at 240).
  REQUIRE(path->span_ns == 610);
  REQUIRE(share_of(path->by_category, "compute") == Approx(300.0 / 610));
  REQUIRE(share_of(path->by_category, "actor") == Approx(140.0 / 610));
  REQUIRE(share_of(path->by_category, "queue") == Approx(170.0 / 610));
  REQUIRE(share_of(path->by_actor, "group 1") == Approx(510.0 / 610));
  REQUIRE(share_of(path->by_actor, "source") == Approx(100.0 / 610));
  // group 0 could have sent to group 1 70 ns later; the bystander is done 360 ns before the end.
  REQUIRE(slack_of(*path, "group 0") == 70);
  REQUIRE(slack_of(*path, "predictor 0") == 360);
  REQUIRE(slack_of(*path, "group 1") == -1);
}

TEST_CASE("a batch's path begins when the source sends it") {
  temporary_folder folder;
  const auto run = written(decoupled_pipeline(3).trace, folder);
  const auto path = find_critical_path(run, {}, 1);
  REQUIRE(path);
  require_no_gaps(*path);
  // 100 queue, 150 forward below, 100 queue, 350 at the top up to its update, which is the batch's last one.
  REQUIRE(path->steps.front().begin_ns == 2000);
  REQUIRE(path->span_ns == 700);
  REQUIRE(path->steps.size() == 4);
  REQUIRE(share_of(path->by_category, "compute") == Approx((150.0 + 350) / 700));
  REQUIRE(share_of(path->by_category, "queue") == Approx((100.0 + 100) / 700));
  REQUIRE(share_of(path->by_actor, "group 1") == Approx(450.0 / 700));
  for (const auto& step : path->steps) REQUIRE(step.handled.batch == 1);
}

TEST_CASE("a locked pipeline's path is its passes and its hops") {
  temporary_folder folder;
  const auto run = written(locked_pipeline(4).trace, folder);
  const auto path = find_critical_path(run, {}, 2);
  REQUIRE(path);
  require_no_gaps(*path);
  // The input is sent 990 ns before its forward pass can begin: the path until then is the batch before. From there on
  // four hops; three of the batch before.
  REQUIRE(path->steps.back().end_ns == 10'000 + 3 * 1290);
  REQUIRE(path->span_ns == 990 + 1290);
  REQUIRE(share_of(path->by_category, "queue") == Approx(70.0 / 2280));
  REQUIRE(share_of(path->by_category, "compute") == Approx(1 - 70.0 / 2280));
}

TEST_CASE("between nodes the path knows the wire") {
  temporary_folder folder;
  trace_builder trace;
  const auto source = trace.actor(2, actor_role::source, 0, "source");
  const auto far = actor_id(1, 3);
  const auto start = trace.send(5, source, source, trace_message::train, {});
  trace.handle(start, 10, 60);
  const auto sent = trace.send(50, source, far, trace_message::activation, {.batch = 0});
  trace_record arrived;
  arrived.time_ns = 350;
  arrived.message = sent;
  arrived.actor = far;
  arrived.peer = source;
  arrived.batch = 0;
  arrived.kind = record_kind::enqueue;
  trace.add(arrived);
  trace.handle(sent, 400, 500);
  const auto run = written(trace, folder);
  const auto path = find_critical_path(run, {}, 0);
  REQUIRE(path);
  REQUIRE(path->span_ns == 450);
  REQUIRE(share_of(path->by_category, "wire") == Approx(300.0 / 450));
  REQUIRE(share_of(path->by_category, "queue") == Approx(50.0 / 450));
  REQUIRE(share_of(path->by_category, "compute") == Approx(100.0 / 450));
}

TEST_CASE("a batch that is not there gives an error that says which are") {
  temporary_folder folder;
  const auto run = written(decoupled_pipeline(3).trace, folder);
  const auto path = find_critical_path(run, {}, 77);
  REQUIRE_FALSE(path);
  REQUIRE_THAT(path.message(), Catch::Contains("batch 77") && Catch::Contains("0 to 2"));
}
