// Depths of queues over time, and Little's law, where every wait is known.
#include "tests/runtime/io/temporary_folder.hpp"
#include "tests/support/catch.hpp"
#include "tests/trace/pipeline_trace.hpp"

#include "tools/trace/analysis/timing_analyses.hpp"
#include "tools/trace/trace_command.hpp"

using namespace syngrad;
using namespace syngrad::test;
using namespace syngrad::tools;

TEST_CASE("depth, rate and wait of a pipeline's queues are those of its timetable, and agree by Little's law") {
  temporary_folder folder;
  pipeline_trace().builder.write(folder.path());
  const auto request = request_for(folder.path());
  const auto measured = measure_queues(request.run(), request.filter, 10);
  REQUIRE(measured.actors.size() == 3);
  const auto& group_0 = measured.actors[0];
  CHECK(group_0.name == "group 0");
  CHECK(group_0.arrivals == 4);
  CHECK(group_0.deepest == 2);
  CHECK(group_0.mean_wait_ns == Approx(142'500)); // 60, 210, 150, 150
  CHECK(group_0.rate == Approx(4000));
  CHECK(group_0.mean_depth == Approx(0.57));
  CHECK(group_0.little_depth == Approx(0.57));
  const std::vector<float> expected{0.7f, 1, 1, 0.5f, 1, 0, 0, 0.5f, 1, 0};
  REQUIRE(group_0.over_time.size() == 10);
  for (std::size_t i = 0; i < 10; ++i) CHECK(group_0.over_time[i] == Approx(expected[i]).margin(1e-6));
  CHECK(measured.actors[1].mean_depth == Approx(0.1));
  CHECK(measured.actors[2].mean_depth == Approx(0.05));
}

TEST_CASE("a message that is never handled breaks Little's law, and queue says so") {
  temporary_folder folder;
  pipeline_trace trace;
  trace.builder.send(trace.at(480), trace.group_0, trace.group_1, trace_message::activation, {});
  trace.builder.write(folder.path());
  const auto request = request_for(folder.path());
  const auto measured = measure_queues(request.run(), request.filter);
  CHECK(measured.actors[1].mean_depth == Approx(0.62));
  CHECK(measured.actors[1].little_depth == Approx(0.15)); // 3 a millisecond, 50 us each
  const auto out = queue_command.run(request);
  REQUIRE(out);
  REQUIRE(out->notes.size() == 1);
  CHECK_THAT(out->notes[0], Catch::Contains("group 1: the depth is 0.620, but by Little's law it were 0.150"));
  CHECK(cell_of(out->tables.at(0), "group 1", "deepest") == "2");
}

TEST_CASE("over time a queue is a line for people and a table for programs") {
  temporary_folder folder;
  pipeline_trace().builder.write(folder.path());
  auto request = request_for(folder.path());
  request.width = 88; // leaves 16 at least
  const auto drawn = queue_command.run(request);
  REQUIRE(drawn);
  CHECK(drawn->notes.empty());
  CHECK(cell_of(drawn->tables.at(0), "group 1", "over_time") == "    █  █        ");
  request.format = "csv";
  const auto out = queue_command.run(request);
  REQUIRE(out);
  REQUIRE(out->tables.size() == 2);
  CHECK(out->tables[0].columns.size() == 7);
  CHECK(out->tables[1].rows.size() == 180);
}
