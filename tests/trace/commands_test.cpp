// info, show, latency and util as commands: what stands in their tables, and the golden files of all formats.
#include "runtime/trace/ring_file.hpp"
#include "tests/runtime/io/temporary_folder.hpp"
#include "tests/support/catch.hpp"
#include "tests/trace/pipeline_trace.hpp"

#include "tools/trace/answer.hpp"
#include "tools/trace/record_text.hpp"
#include "tools/trace/trace_command.hpp"

#include <fstream>
#include <sstream>

using namespace syngrad;
using namespace syngrad::test;
using namespace syngrad::tools;

namespace {

std::string golden(const std::string& name) {
  std::ifstream file(std::string(SYNGRAD_SOURCE_DIR) + "/tests/trace/golden/" + name);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

answer run(const trace_command& command, const trace_request& request) {
  auto out = command.run(request);
  if (!out) throw std::runtime_error(out.message());
  return std::move(*out);
}

} // namespace

TEST_CASE("util looks as in the golden files, in every format") {
  temporary_folder folder;
  pipeline_trace().builder.write(folder.path());
  auto request = request_for(folder.path());
  const answer_context context{request.run().records(), request.run().lost(), 1};
  CHECK(format_table(run(util_command, request), context) == golden("util.txt"));
  request.format = "csv";
  CHECK(format_csv(run(util_command, request).tables.at(0)) == golden("util.csv"));
  request.format = "json";
  CHECK(format_json(run(util_command, request), context) == golden("util.json"));
}

TEST_CASE("info counts records by kind, tells the run's facts and ends with the bottlenecks") {
  temporary_folder folder;
  pipeline_trace().builder.write(folder.path());
  const auto out = run(info_command, request_for(folder.path()));
  REQUIRE(out.tables.size() == 3);
  const auto& trace = out.tables[0];
  CHECK(cell_of(trace, "nodes", "value") == "1");
  CHECK(cell_of(trace, "begin", "value") == "1970-01-01 00:00:00 UTC");
  CHECK(cell_of(trace, "span, s", "value") == "0.001");
  CHECK(cell_of(trace, "end", "value") == "closed");
  CHECK(cell_of(trace, "records", "value") == "24");
  CHECK(cell_of(trace, "lost", "value") == "0");
  CHECK(cell_of(trace, "clock uncertainty", "value") == "none (one node)");
  CHECK(cell_of(out.tables[1], "policy", "value") == "synthetic");
  CHECK(cell_of(out.tables[2], "send", "records") == "7");
  CHECK(cell_of(out.tables[2], "end", "records") == "8");
  CHECK(cell_of(out.tables[2], "update", "records") == "1");
  REQUIRE(out.notes.size() == 4);
  CHECK(out.notes[0] == "Largest bottlenecks:");
  CHECK_THAT(out.notes[2],
             Catch::StartsWith("  2. group 0 waited for credit 15 % of the time: group 1 is the slowest"));
}

TEST_CASE("info names damage by file and position, and a run that was cut off is open") {
  temporary_folder folder;
  pipeline_trace().builder.write(folder.path(), false);
  REQUIRE(ring_file::create(folder.file(ring_file_name(0)), {1, 0, 256, 1})); // that a killed run leaves
  std::ofstream(folder.file("node0-000000.trace"), std::ios::app | std::ios::binary) << "torn";
  const auto out = run(info_command, request_for(folder.path()));
  CHECK_THAT(cell_of(out.tables.at(0), "end", "value"), Catch::StartsWith("open"));
  CHECK(cell_of(out.tables.at(0), "damaged parts", "value") == "1");
  REQUIRE(out.tables.size() == 4);
  CHECK(cell_of(out.tables[3], folder.file("node0-000000.trace"), "length") == "4");
  CHECK(cell_of(out.tables[3], folder.file("node0-000000.trace"), "what") == "torn at its end");
}

TEST_CASE("show gives readable records from the first one on, up to a limit") {
  temporary_folder folder;
  pipeline_trace trace;
  trace.builder.write(folder.path());
  auto request = request_for(folder.path());
  request.limit = 3;
  const auto out = run(show_command, request);
  const auto& table = out.tables.at(0);
  REQUIRE(table.rows.size() == 3);
  CHECK(cell_of(table, "0", "kind") == "begin");
  CHECK(cell_of(table, "0", "message").empty());
  CHECK(cell_of(table, "40000", "type") == "activation");
  CHECK(cell_of(table, "40000", "actor") == "source");
  CHECK(cell_of(table, "40000", "peer") == "group 0");
  CHECK(cell_of(table, "40000", "batch") == "1");
  CHECK(cell_of(table, "40000", "value") == "1000");
  CHECK(cell_of(table, "40000", "message") == message_text(trace.a1));
  CHECK_THAT(out.notes.at(0), Catch::Contains("the first 3"));
}

TEST_CASE("show says what an end, an update and a metric mean") {
  temporary_folder folder;
  pipeline_trace trace;
  trace_record metric;
  metric.time_ns = trace.at(381);
  metric.actor = trace.group_1;
  metric.kind = record_kind::metric;
  metric.type = static_cast<std::uint8_t>(trace_measure::cosine);
  metric.value = std::bit_cast<std::uint32_t>(0.5f);
  trace.builder.add(metric, 1);
  trace.builder.write(folder.path());
  auto request = request_for(folder.path());
  request.filter.from_ns = trace.at(380);
  const auto out = run(show_command, request);
  CHECK(out.notes.empty());
  const auto& table = out.tables.at(0);
  CHECK(cell_of(table, "380000", "type") == "true");
  CHECK(cell_of(table, "380000", "value").empty()); // it has no predictor
  CHECK(cell_of(table, "381000", "type") == "cosine");
  CHECK(cell_of(table, "381000", "value") == "0.5");
  CHECK(cell_of(table, "600000", "value") == "waits for credit");
}

TEST_CASE("the tables of latency have a row for each part that there is, and count every message once") {
  temporary_folder folder;
  pipeline_trace().builder.write(folder.path());
  const auto out = run(latency_command, request_for(folder.path()));
  REQUIRE(out.tables.size() == 2);
  REQUIRE(out.tables[0].rows.size() == 9); // three types: queue, handler, total
  CHECK(cell_of(out.tables[0], "activation", "part") == "queue");
  CHECK(cell_of(out.tables[0], "activation", "mean") == "92.5");
  CHECK(cell_of(out.tables[0], "activation", "largest") == "210");
  const auto& histogram = out.tables[1];
  REQUIRE(histogram.columns.size() == 6);
  std::int64_t queued = 0, total = 0;
  for (const auto& row : histogram.rows) {
    queued += std::get<std::int64_t>(row[2]);
    total += std::get<std::int64_t>(row[4]);
  }
  CHECK(queued == 7);
  CHECK(total == 7);
  CHECK(out.notes.empty());
}
