// Staleness, gradients, traffic and the replay with backpropagation's locks, on pipelines with known numbers.
#include "tests/runtime/io/temporary_folder.hpp"
#include "tests/support/catch.hpp"
#include "tests/trace/asked_traces.hpp"
#include "tests/trace/hand_made_pipelines.hpp"

#include "tools/trace/analysis/training_analyses.hpp"

#include <bit>
#include <cmath>

using namespace syngrad;
using namespace syngrad::test;
using namespace syngrad::tools;

namespace {

trace_record cosine_at(std::int64_t time_ns, std::uint32_t group, std::uint16_t interface, float value) {
  trace_record out;
  out.time_ns = time_ns;
  out.actor = group;
  out.interface = interface;
  out.kind = record_kind::metric;
  out.type = static_cast<std::uint8_t>(trace_measure::cosine);
  out.value = std::bit_cast<std::uint32_t>(value);
  return out;
}

} // namespace

TEST_CASE("staleness comes in versions, in batches and in time") {
  temporary_folder folder;
  const auto run = written(decoupled_pipeline(6).trace, folder);
  const auto found = measure_staleness(run, {}, 3);
  REQUIRE(found.groups.size() == 2);
  const auto& below = found.groups[0];
  REQUIRE(below.name == "group 0");
  REQUIRE(below.interface == 0);
  REQUIRE(below.updates == 6);
  REQUIRE(below.mean_versions == 1.0);
  REQUIRE(below.largest_versions == 2.0);
  REQUIRE(below.versions == std::map<std::int64_t, std::int64_t>{{0, 2}, {1, 2}, {2, 2}});
  REQUIRE(below.mean_batches == 0.0);
  REQUIRE(below.age.count() == 6);
  REQUIRE(below.age.mean() == 400.0); // forward from + 100, update at + 500
  REQUIRE(below.versions_over_time == std::vector<float>{0.5f, 1.0f, 1.5f});
  const auto& top = found.groups[1];
  REQUIRE(top.interface == no_interface);
  REQUIRE(top.updates == 6);
  REQUIRE(top.age.mean() == 350.0); // from + 350 to + 700
}

TEST_CASE("a batch that began while another one's gradient was on its way is counted") {
  temporary_folder folder;
  trace_builder trace;
  const auto group = trace.actor(3, actor_role::group, 0, "group 0");
  const auto top = trace.actor(4, actor_role::group, 1, "group 1");
  const auto source = trace.actor(2, actor_role::source, 0, "source");
  for (std::uint32_t batch = 0; batch < 3; ++batch) { // forward passes of 10 ns, at 100, 200, 300
    const auto at = 100 + std::int64_t{100} * batch;
    const auto input = trace.send(at - 5, source, group, trace_message::activation, {.batch = batch});
    trace.handle(input, at, at + 20);
    trace.send(at + 10, group, top, trace_message::activation, {.batch = batch, .interface = 0});
  }
  const auto truth = trace.send(390, top, group, trace_message::gradient, {.batch = 0, .interface = 0});
  trace.handle(truth, 400, 460);
  trace_record update;
  update.time_ns = 450;
  update.actor = group;
  update.batch = 0;
  update.kind = record_kind::update;
  trace.add(update);
  const auto run = written(trace, folder);
  const auto found = measure_staleness(run, {});
  REQUIRE(found.groups[0].updates == 1);
  REQUIRE(found.groups[0].mean_batches == 2.0);
  REQUIRE(found.groups[0].age.mean() == 350.0);
}

TEST_CASE("a forward pass that waited for a credit is as old as the handler that made it") {
  temporary_folder folder;
  trace_builder trace;
  const auto group = trace.actor(3, actor_role::group, 0, "group 0");
  const auto top = trace.actor(4, actor_role::group, 1, "group 1");
  const auto input = trace.send(90, top, group, trace_message::activation, {.batch = 7});
  trace.handle(input, 100, 150, waiting_reason::credit);
  const auto credit = trace.send(300, top, group, trace_message::credit, {});
  trace.handle(credit, 310, 400);
  trace.send(320, group, top, trace_message::activation, {.batch = 7, .interface = 0});
  trace_record update;
  update.time_ns = 390;
  update.actor = group;
  update.batch = 7;
  update.kind = record_kind::update;
  trace.add(update);
  const auto run = written(trace, folder);
  const auto found = measure_staleness(run, {});
  REQUIRE(found.groups[0].age.mean() == 290.0);
  REQUIRE(found.groups[0].mean_batches == 0.0);
}

TEST_CASE("what a stream's thread sends to its actor ends no part of a handler") {
  temporary_folder folder;
  trace_builder trace;
  const auto group = trace.actor(3, actor_role::group, 0, "group 0");
  const auto top = trace.actor(4, actor_role::group, 1, "group 1");
  const auto input = trace.send(90, top, group, trace_message::activation, {.batch = 7});
  trace.handle(input, 100, 150);
  trace.send(120, group, group, trace_message::work_done, {.batch = 6});
  trace.send(140, group, top, trace_message::activation, {.batch = 7, .interface = 0});
  trace_record update;
  update.time_ns = 149;
  update.actor = group;
  update.batch = 7;
  update.kind = record_kind::update;
  trace.add(update);
  const auto run = written(trace, folder);
  REQUIRE(measure_staleness(run, {}).groups[0].age.mean() == 49.0);
}

TEST_CASE("gradients are summed up by interface, and one that points the wrong way is flagged") {
  temporary_folder folder;
  trace_builder trace;
  const auto group = trace.actor(3, actor_role::group, 0, "group 0");
  for (int i = 0; i < 100; ++i) {
    trace.add(cosine_at(1000 + i * 10, group, 0, i < 50 ? 0.2f : 0.6f));
    trace.add(cosine_at(1001 + i * 10, group, 1, i < 85 ? 0.5f : -0.25f)); // good on the whole, bad at the end
  }
  const auto run = written(trace, folder);
  const auto found = measure_gradients(run, {}, 2);
  REQUIRE(found.interfaces.size() == 2);
  const auto& good = found.interfaces[0];
  REQUIRE(good.cosine.count == 100);
  REQUIRE(good.cosine.mean == Approx(0.4).epsilon(1e-6));
  REQUIRE(good.cosine.deviation == Approx(0.2).epsilon(1e-6));
  REQUIRE(good.cosine.least == Approx(0.2).epsilon(1e-6));
  REQUIRE(good.cosine.over_time == std::vector<float>{0.2f, 0.6f});
  REQUIRE_FALSE(good.suspicious);
  REQUIRE(good.audit_bias.count == 0);
  REQUIRE(std::isnan(good.audit_bias.mean));
  REQUIRE(found.interfaces[1].interface == 1);
  REQUIRE(found.interfaces[1].cosine.mean > 0.38);
  REQUIRE(found.interfaces[1].suspicious);
}

TEST_CASE("bytes are counted by interface, message type and pair, and what they are divided by") {
  temporary_folder folder;
  const decoupled_pipeline pipeline(5);
  const auto run = written(pipeline.trace, folder);
  auto found = measure_traffic(run, {});
  REQUIRE(found.counted == 40);
  REQUIRE(found.by_interface.size() == 5);
  REQUIRE(found.by_interface[{std::uint16_t{0}, trace_message::activation}].bytes == 1000);
  REQUIRE(found.by_interface[{std::uint16_t{0}, trace_message::gradient}].bytes == 1500);
  REQUIRE(found.by_interface[{std::uint16_t{0}, trace_message::target}].messages == 5);
  REQUIRE(found.by_pair[{pipeline.source, pipeline.below}].bytes == 500);
  REQUIRE(found.by_pair[{pipeline.below, pipeline.predictor}].bytes == 3000);
  trace_filter gradients;
  gradients.type = static_cast<std::uint8_t>(trace_message::gradient);
  auto narrowed = measure_traffic(run, gradients);
  REQUIRE(narrowed.counted == 40);
  REQUIRE(narrowed.by_interface.size() == 1);
}

TEST_CASE("on the wire a message has the size that its link says") {
  for (const bool by_link : {false, true}) {
    temporary_folder folder;
    trace_builder trace;
    const auto here = trace.actor(3, actor_role::group, 0, "group 0");
    const auto there =
      by_link ? trace.actor(5, actor_role::link, 0, "link group 0 -> group 1 (node 0)") : actor_id(1, 4);
    const auto sent =
      trace.send(10, here, there, trace_message::activation, {.batch = 1, .bytes = 400, .interface = 0});
    trace_record written_out;
    written_out.time_ns = 20;
    written_out.message = sent;
    written_out.actor = here;
    written_out.value = 230;
    written_out.kind = record_kind::serialize;
    trace.add(written_out);
    const auto run = written(trace, folder);
    auto found = measure_traffic(run, {});
    REQUIRE(found.by_pair[{here, there}].bytes == 230);
    REQUIRE(found.by_pair[{here, there}].messages == 1);
    REQUIRE(found.by_interface[{std::uint16_t{0}, trace_message::activation}].bytes == 230);
    REQUIRE(found.counted == 0);
  }
}

TEST_CASE("a locked pipeline's replay is the pipeline itself") {
  temporary_folder folder;
  const auto run = written(locked_pipeline(10).trace, folder);
  const auto found = replay_locked(run, {});
  REQUIRE(found);
  REQUIRE(found->batches == 10);
  REQUIRE(found->groups[0].forward_ns == 100.0);
  REQUIRE(found->groups[1].forward_ns == 200.0);
  REQUIRE(found->groups[0].backward_ns == 150.0);
  REQUIRE(found->groups[1].backward_ns == 300.0);
  REQUIRE(found->groups[2].backward_ns == 500.0);
  REQUIRE(found->hop_ns == 10.0);
  REQUIRE(found->source_ns == 80.0);
  REQUIRE(found->measured_ns == locked_pipeline::batch_ns);
  REQUIRE(found->median_step_ns == locked_pipeline::batch_ns);
  REQUIRE(found->locked_ns == locked_pipeline::batch_ns);
  REQUIRE(found->avoided_ns() == 0.0);
}

TEST_CASE("a trace without a batch from the source to the top has nothing to replay") {
  temporary_folder folder;
  trace_builder trace;
  const auto group = trace.actor(3, actor_role::group, 0, "group 0");
  const auto sent = trace.send(10, group, group, trace_message::credit, {});
  trace.handle(sent, 20, 30);
  const auto run = written(trace, folder);
  const auto found = replay_locked(run, {});
  REQUIRE_FALSE(found);
  REQUIRE_THAT(found.message(), Catch::Contains("from the source to the top group"));
}
