// How long messages take, in parts, where every part is known.
#include "tests/runtime/io/temporary_folder.hpp"
#include "tests/support/catch.hpp"
#include "tests/trace/pipeline_trace.hpp"

#include "tools/trace/analysis/timing_analyses.hpp"

using namespace syngrad;
using namespace syngrad::test;
using namespace syngrad::tools;

TEST_CASE("latencies of a pipeline's messages are those of its timetable") {
  temporary_folder folder;
  pipeline_trace().builder.write(folder.path());
  const auto request = request_for(folder.path());
  const auto measured = measure_latency(request.run(), request.filter);
  CHECK(measured.unmatched == 0);
  REQUIRE(measured.by_type.size() == 3);
  const auto& activation = measured.by_type.at(trace_message::activation);
  CHECK(activation.queue.count() == 4);
  CHECK(activation.queue.mean() == Approx(92'500)); // 60, 210, 50, 50
  CHECK(activation.queue.largest() == 210'000);
  CHECK(activation.handler.mean() == Approx(200'000)); // 200, 200, 100, 300
  CHECK(activation.total.mean() == Approx(292'500));
  CHECK(activation.total.quantile(0.5) == Approx(260'000).epsilon(0.01));
  CHECK(activation.wire.count() == 0);
  CHECK(activation.device.count() == 0);
  CHECK(measured.by_type.at(trace_message::gradient).queue.mean() == Approx(150'000));
  CHECK(measured.by_type.at(trace_message::credit).total.mean() == Approx(90'000));
}

TEST_CASE("one half of a message counts as unmatched, and timers without a number do not") {
  temporary_folder folder;
  pipeline_trace trace;
  trace.builder.write(folder.path());
  auto request = request_for(folder.path());
  request.filter.to_ns = trace.at(780); // B2 and G2 are not ended then
  CHECK(measure_latency(request.run(), request.filter).unmatched == 2);
  request.filter.from_ns = trace.at(260); // and A1 was begun before, A2 and B1 were sent before
  const auto measured = measure_latency(request.run(), request.filter);
  CHECK(measured.unmatched == 5);
  CHECK(measured.by_type.at(trace_message::activation).handler.count() == 2);
  CHECK(measured.by_type.at(trace_message::activation).total.count() == 0);
}

TEST_CASE("a message from another node has a wire part, and its queue begins with its arrival") {
  temporary_folder folder;
  trace_builder builder;
  const auto here = builder.actor(1, actor_role::group, 0, "group 0");
  const auto link = builder.actor(2, actor_role::link, 0, "link 0");
  const auto there = actor_id(1, 3);
  const auto message = builder.send(1000, here, there, trace_message::activation, {});
  trace_record record;
  record.message = message;
  record.type = static_cast<std::uint8_t>(trace_message::activation);
  const auto add = [&](record_kind kind, std::int64_t time_ns, std::uint32_t actor) {
    record.kind = kind;
    record.time_ns = time_ns;
    record.actor = actor;
    builder.add(record);
  };
  add(record_kind::begin, 1100, link);
  add(record_kind::end, 1200, link);
  add(record_kind::enqueue, 1700, there);
  add(record_kind::begin, 2000, there);
  add(record_kind::end, 2500, there);
  builder.write(folder.path());
  const auto request = request_for(folder.path());
  const auto measured = measure_latency(request.run(), request.filter);
  CHECK(measured.unmatched == 0);
  const auto& parts = measured.by_type.at(trace_message::activation);
  CHECK(parts.wire.largest() == 700);
  CHECK(parts.queue.largest() == 300);
  CHECK(parts.handler.count() == 1);
  CHECK(parts.handler.largest() == 500);
  CHECK(parts.total.largest() == 1500);
}

TEST_CASE("work on a device counts from the end of the handler to the end of the last of it") {
  temporary_folder folder;
  pipeline_trace trace;
  for (const std::int64_t us : {280, 340, 390}) { // A1's handler ends at 300
    trace_record record;
    record.time_ns = trace.at(us);
    record.kind = record_kind::gpu;
    record.actor = trace.group_0;
    record.message = trace.a1;
    trace.builder.add(record, 2);
  }
  trace.builder.write(folder.path());
  const auto request = request_for(folder.path());
  const auto measured = measure_latency(request.run(), request.filter);
  const auto& device = measured.by_type.at(trace_message::activation).device;
  CHECK(device.count() == 1);
  CHECK(device.largest() == 90'000);
}
