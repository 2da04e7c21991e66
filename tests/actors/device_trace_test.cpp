// What a trace says of the work on a device that works late.
#include "tests/actors/scheduled_run.hpp"
#include "tests/runtime/io/temporary_folder.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/late_device.hpp"
#include "tests/support/toy_data.hpp"

#include "runtime/cpu/cpu_device.hpp"
#include "runtime/trace/trace_vocabulary.hpp"
#include "tools/trace/analysis/timing_analyses.hpp"
#include "tools/trace/analysis/whole_trace_analyses.hpp"

#include <map>
#include <set>

using namespace syngrad;
using namespace syngrad::test;

namespace {

training_settings traced_settings() {
  training_settings settings;
  settings.policy = "synthetic";
  settings.split = {1, 1, 2};
  settings.batch_size = 4;
  settings.steps = 30;
  settings.deterministic = true;
  return settings;
}

// A run on `where`, its trace in `folder`.
tools::trace_run traced(training_settings settings, device& where, late_device* late, const std::string& folder) {
  trace_settings wanted;
  wanted.folder = folder;
  auto recorder = trace_recorder::create(wanted, {});
  REQUIRE(recorder);
  schedule order;
  order.late = late;
  order.trace = recorder->get();
  const auto out = run_scheduled(std::move(settings), "mlp:5-4x3-3", toy(), where, order);
  REQUIRE(out.summary.steps == 30);
  REQUIRE((*recorder)->close());
  auto trace = tools::trace_run::open(folder);
  REQUIRE(trace);
  return std::move(*trace);
}

} // namespace

TEST_CASE("the work of every handler that enqueued any is in the trace once, on its actor's stream") {
  temporary_folder folder;
  late_device late(1);
  const auto trace = traced(traced_settings(), late, &late, folder.path());
  std::map<std::uint64_t, trace_record> handled;
  std::map<std::uint32_t, std::set<std::uint32_t>> actors_of_stream;
  std::set<std::uint64_t> worked;
  std::int64_t last_ns = 0, activations = 0;
  trace.for_each([&](const trace_record& record) {
    if (record.kind == record_kind::end) handled[record.message] = record;
    if (record.kind != record_kind::gpu) return;
    REQUIRE(worked.insert(record.message).second);
    REQUIRE(record.time_ns >= last_ns);
    last_ns = record.time_ns;
    REQUIRE(record.value >= 1);
    // Its first mark, its operators and its last one are pieces of work; what else ran in between makes it longer.
    REQUIRE(record.parent >= (record.value + 1) * late_device::work_ns);
    actors_of_stream[record.peer].insert(record.actor);
    const bool at_group = trace.names().actors.at(record.actor).role == actor_role::group;
    activations += at_group && record.type == static_cast<std::uint8_t>(trace_message::activation);
  });
  REQUIRE(actors_of_stream.size() == 8); // source, three groups, two predictors, two solvers
  for (const auto& [stream, actors] : actors_of_stream) REQUIRE(actors.size() == 1);
  for (const auto message : worked) REQUIRE((message == 0 || handled.contains(message)));
  REQUIRE(activations >= 30);
}

TEST_CASE("a trace with device work passes its own checks, and utilisation has a row for each stream") {
  temporary_folder folder;
  late_device late(2);
  const auto trace = traced(traced_settings(), late, &late, folder.path());
  REQUIRE(tools::check_trace(trace, 10).good());
  const auto measured = tools::measure_utilisation(trace, {});
  REQUIRE(measured.streams.size() == 8);
  std::set<std::string> names;
  for (const auto& each : measured.streams) {
    names.insert(each.name);
    REQUIRE(each.handled > 0);
  }
  REQUIRE(names.contains("stream of group 2"));
  REQUIRE(names.contains("stream of predictor 0"));
  const auto latencies = tools::measure_latency(trace, {});
  REQUIRE(latencies.by_type.at(trace_message::activation).device.count() > 0);
}

TEST_CASE("a replay is one operator of the trace") {
  for (std::uint64_t seed = 1; seed < 9; ++seed) {
    CAPTURE(seed);
    temporary_folder folder;
    late_device late(seed);
    auto settings = traced_settings();
    settings.policy = "delayed";
    settings.cuda_graphs = true;
    const auto trace = traced(settings, late, &late, folder.path());
    std::int64_t least_at_first = 100, replays = 0;
    trace.for_each([&](const trace_record& record) {
      if (record.kind != record_kind::gpu || record.type != static_cast<std::uint8_t>(trace_message::activation))
        return;
      if (trace.names().actors.at(record.actor).title != "group 0") return;
      if (record.batch < 3) least_at_first = std::min<std::int64_t>(least_at_first, record.value);
      replays += record.batch >= 3 && record.value == 2;
    });
    REQUIRE(least_at_first == 3); // clearing the measures, product, normalisation
    REQUIRE(replays > 0);         // clearing the measures, the recorded pass
  }
}

TEST_CASE("on the CPU, where work is done as it is enqueued, a trace has no device work") {
  temporary_folder folder;
  cpu_device cpu;
  const auto trace = traced(traced_settings(), cpu, nullptr, folder.path());
  std::int64_t found = 0;
  trace.for_each([&](const trace_record& record) { found += record.kind == record_kind::gpu; });
  REQUIRE(found == 0);
}
