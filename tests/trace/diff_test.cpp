// What changed between two runs, and how sure that is.
#include "tests/trace/asked_traces.hpp"
#include "tests/trace/hand_made_pipelines.hpp"

#include "tools/trace/analysis/whole_trace_analyses.hpp"
#include "tools/trace/trace_command.hpp"

using namespace syngrad;
using namespace syngrad::test;
using namespace syngrad::tools;

TEST_CASE("diff finds nothing between a run and itself, and says which measures changed") {
  const decoupled_pipeline pipeline(300);
  asked_traces same({&pipeline.trace, &pipeline.trace});
  const auto nothing = answer_of(diff_command, same.request);
  const auto& measures = table_of(nothing, "measures");
  REQUIRE(real(cell_of(measures, {text("steps")}, "a")) == Approx(1e6).epsilon(0.01));
  REQUIRE(real(cell_of(measures, {text("busy, group 1")}, "b")) == Approx(0.51).epsilon(0.01));
  REQUIRE(real(cell_of(measures, {text("queue p50, activation")}, "a")) == Approx(0.1).epsilon(0.01));
  REQUIRE(real(cell_of(measures, {text("staleness, group 0")}, "a")) == Approx(1).epsilon(0.05));
  REQUIRE(real(cell_of(measures, {text("cosine, interface 0")}, "a")) == Approx(0.55).epsilon(0.01));
  REQUIRE(real(cell_of(measures, {text("bytes per sample")}, "a")) == Approx(175).epsilon(0.02)); // 1400 of 8 rows
  for (const auto& row : measures.rows) {
    REQUIRE(row[8] == text(""));
    REQUIRE(real(row[4]) == 0.0);
  }

  decoupled_pipeline worse(300);
  for (int i = 0; i < 300; ++i) { // of every batch one more measure, which is lower
    trace_record lower;
    lower.time_ns = 1000 * (i + 1) + 930;
    lower.actor = worse.below;
    lower.interface = 0;
    lower.kind = record_kind::metric;
    lower.type = static_cast<std::uint8_t>(trace_measure::cosine);
    worse.trace.add(lower, 1);
  }
  asked_traces other({&pipeline.trace, &worse.trace});
  const auto changed = answer_of(diff_command, other.request);
  const auto& differences = table_of(changed, "measures");
  REQUIRE(cell_of(differences, {text("cosine, interface 0")}, "verdict") == text("lower"));
  REQUIRE(real(cell_of(differences, {text("cosine, interface 0")}, "relative")) == Approx(-0.5).epsilon(0.01));
  REQUIRE(real(cell_of(differences, {text("cosine, interface 0")}, "high")) < -0.25);
  REQUIRE(cell_of(differences, {text("steps")}, "verdict") == text(""));
  REQUIRE_THAT(changed.notes.at(0), Catch::Contains(" 1 changed"));
}

TEST_CASE("diff of a trace without updates says which one") {
  const decoupled_pipeline pipeline(30);
  trace_builder empty;
  const auto group = empty.actor(3, actor_role::group, 0, "group 0");
  empty.handle(empty.send(1, group, group, trace_message::credit, {}), 2, 3);
  asked_traces asked({&pipeline.trace, &empty});
  REQUIRE_THAT(refusal(diff_command, asked.request), Catch::Contains("'" + asked.request.folders[1] + "'"));
}

TEST_CASE("an interval of 95 % misses an equal mean about once in twenty times") {
  random_source random(7, 0);
  int misses = 0;
  for (std::uint64_t i = 0; i < 400; ++i) {
    std::vector<double> a(30), b(30);
    for (auto& each : a) each = random.normal();
    for (auto& each : b) each = random.normal();
    misses += compare_means(a, b, random_source(1, i))->excludes_zero();
  }
  REQUIRE(misses >= 8);
  REQUIRE(misses <= 40);
  const std::vector<double> low{1, 2, 3, 1, 2, 3, 1, 3}, high{11, 12, 13, 11, 12, 13, 11, 13}, few{1, 2, 3, 1, 2, 3, 1};
  const auto apart = compare_means(low, high, random_source(1, 0));
  REQUIRE(apart->change == 10.0);
  REQUIRE(apart->low >= 8.0);
  REQUIRE(apart->high <= 12.0);
  REQUIRE_FALSE(compare_means(few, high, random_source(1, 0)));
}
