// From a trace to the report's page.
#include "tests/runtime/io/temporary_folder.hpp"
#include "tests/support/catch.hpp"
#include "tests/trace/hand_made_pipelines.hpp"
#include "tests/trace/sample_report.hpp"
#include "tests/trace/svg_elements.hpp"

#include "tools/trace/report/figures.hpp"
#include "tools/trace/report/report.hpp"

#include <cmath>
#include <fstream>
#include <set>
#include <sstream>

using namespace syngrad;
using namespace syngrad::test;
using namespace syngrad::tools;

namespace {

std::string text_of(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

std::size_t times(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++count;
  return count;
}

} // namespace

TEST_CASE("a report has every figure, drawn twice, and asks nothing of a network or a script") {
  const auto page = make_report(sample_report());
  REQUIRE(times(page, "<figure>") == 13);
  REQUIRE(times(page, "<svg class=\"wide\"") == 13);
  REQUIRE(times(page, "<svg class=\"narrow\"") == 13);
  REQUIRE(times(page, "<details>") == 13);
  REQUIRE(times(page, "class=\"empty\"") == 0);
  REQUIRE(times(page, "<script") == 0);
  REQUIRE(page.find("<dd>mlp:784-256x5-10</dd>") != std::string::npos);
  REQUIRE(times(page, "http") == times(page, "xmlns=\"http://www.w3.org/2000/svg\""));
  std::set<std::string> ids;
  for (const auto* element : {"title", "desc", "section", "h2"})
    for (const auto& one : elements_of(page, element))
      if (one.attributes.contains("id")) REQUIRE(ids.insert(one.attributes.at("id")).second);
}

TEST_CASE("a report of nothing says for each figure why it is not there") {
  const auto page = make_report(empty_report());
  REQUIRE(times(page, "class=\"empty\"") == 13);
  REQUIRE(times(page, "<svg") == 0);
  REQUIRE(page.find("No predictions in this run") != std::string::npos);
  REQUIRE(page.find("Nothing to replay: no batch was traced from the source to the top.") != std::string::npos);
}

TEST_CASE("a report says what it lacks: lost records, a sample, an end") {
  auto data = sample_report();
  REQUIRE(make_report(data).find("class=\"warning\"") == std::string::npos);
  data.lost = 1234;
  data.sample = 8;
  data.ended = false;
  data.damage = {"a<b.trace: bad checksum, 48 bytes left out."};
  const auto page = make_report(data);
  REQUIRE(times(page, "class=\"warning\"") == 4);
  REQUIRE(page.find("1,234 records were lost") != std::string::npos);
  REQUIRE(page.find("One batch in 8") != std::string::npos);
  REQUIRE(page.find("a&lt;b.trace: bad checksum") != std::string::npos);
}

TEST_CASE("very old gradients share the last column of the staleness histogram") {
  staleness_result found;
  found.groups.resize(1);
  found.groups[0].name = "group 0";
  found.groups[0].versions = {{0, 5}, {22, 1}, {23, 2}, {24, 3}, {900, 4}};
  const auto figure = staleness_histogram_figure(found);
  REQUIRE(figure.table.rows.size() == 24);
  REQUIRE(figure.table.rows[0][1] == cell(std::int64_t{5}));
  REQUIRE(figure.table.rows[22][1] == cell(std::int64_t{1}));
  REQUIRE(figure.table.rows[23][0] == cell(std::string("23+")));
  REQUIRE(figure.table.rows[23][1] == cell(std::int64_t{9}));
}

TEST_CASE("an interface whose predictions do harm is named") {
  gradient_qualities found;
  found.bucket_ns = 1;
  found.interfaces.resize(2);
  found.interfaces[1].interface = 1;
  found.interfaces[1].suspicious = true;
  for (auto& one : found.interfaces) one.cosine.over_time = {0.5F, -0.5F};
  REQUIRE(cosine_figure(found).look_for.find("end of this run: interface 1.") != std::string::npos);
}

TEST_CASE("sizes at interfaces have a logarithmic axis, and predictions of another size are named") {
  gradient_qualities found;
  found.bucket_ns = 1;
  found.interfaces.resize(1);
  found.interfaces[0].interface = 2;
  found.interfaces[0].norm_ratio.over_time = {0.5F, NAN, 3000};
  const auto text = chart_frame{{"it", "", ""}, 950};
  const auto predictions = prediction_size_figure(found);
  REQUIRE(predictions.look_for.find("Beyond") == std::string::npos);
  const auto svg = predictions.draw(text);
  for (const auto* tick : {">0.1<", ">1<", ">10<", ">100<", ">1,000<", ">10,000<"})
    REQUIRE(svg.find(tick) != std::string::npos);
  REQUIRE(predictions.table.rows.size() == 3);
  found.interfaces[0].sizes = {interface_fault::kind::large_predictions, 640, 3000};
  REQUIRE(prediction_size_figure(found).look_for.ends_with("Beyond 0.01 to 100 in this run: interface 2 (batch 640)."));
  REQUIRE(activation_size_figure(found).empty != "");
  found.interfaces[0].activation_rms.over_time = {1, 1, 1};
  const auto activations = activation_size_figure(found).draw(text);
  REQUIRE(activations.find(">0.1<") != std::string::npos);
  REQUIRE(activations.find(">10<") != std::string::npos);
}

TEST_CASE("a gate's batches are shown by state, and every turn in the table; a run without gates has no such picture") {
  gradient_qualities found;
  found.interfaces.resize(2);
  REQUIRE_FALSE(gate_figure(found).draw);
  auto& one = found.interfaces[1];
  one.interface = 1;
  one.gate = {{10, gate_state::waiting}, {30, gate_state::correcting}, {100, gate_state::predicting}};
  one.batches = 200;
  const auto figure = gate_figure(found);
  REQUIRE(figure.table.rows.size() == 3);
  const auto svg = figure.draw({{"it", "", ""}, 950});
  for (const auto* part : {"interface 1", "2 turns"}) REQUIRE(svg.find(part) != std::string::npos);
  REQUIRE(elements_of(svg, "rect", "series-7").size() >= 1); // waiting
  auto data = sample_report();
  const auto plain = report_figures(data).size();
  data.gradients = found;
  REQUIRE(report_figures(data).size() == plain + 1);
}

TEST_CASE("audited batches are dots beside the lines") {
  gradient_qualities found;
  found.bucket_ns = 1;
  found.interfaces.resize(1);
  found.interfaces[0].cosine.over_time = {0.5F, 0.6F, 0.7F};
  found.interfaces[0].audit_cosine.over_time = {0.25F, 0.25F, NAN};
  const auto figure = cosine_figure(found);
  const auto svg = figure.draw({{"it", "", ""}, 950});
  REQUIRE(elements_of(svg, "polyline", "series-1").size() == 1);
  REQUIRE(elements_of(svg, "circle", "series-1").size() == 2);
  REQUIRE(figure.legend.size() == 2);
  REQUIRE(figure.table.columns.size() == 3);
}

TEST_CASE("the picture of latencies has the types that took the most time, its table all") {
  latencies found;
  for (int type = 1; type <= 14; ++type) found.by_type[static_cast<trace_message>(type)].handler.add(1000 * type);
  const auto figure = latency_figure(found);
  REQUIRE(figure.table.rows.size() == 14);
  const auto svg = figure.draw({{"it", "", ""}, 950});
  REQUIRE(elements_of(svg, "circle", "median").size() == 12);
  REQUIRE(svg.find(">activation<") == std::string::npos); // type 1: 1 us
}

TEST_CASE("actors with little of the critical path share a bar") {
  critical_path path;
  path.steps.emplace_back();
  path.by_category = {{"compute", 1}};
  for (int i = 0; i < 10; ++i) path.by_actor.emplace_back("actor " + std::to_string(i), i < 9 ? 0.05 : 0.55);
  const auto figure = path_by_actor_figure(result<critical_path>(path));
  REQUIRE(figure.table.rows.size() == 9);
  REQUIRE(figure.table.rows[0][0] == cell(std::string("actor 9")));
  REQUIRE(figure.table.rows[8][0] == cell(std::string("2 others")));
  REQUIRE(std::get<double>(figure.table.rows[8][1]) == Approx(0.1));
}

TEST_CASE("the lock figure compares what was measured with what was replayed") {
  lock_replay replay;
  replay.groups = {{1, "group 0", 1e6, 2e6}};
  replay.measured_ns = 2e6;
  replay.locked_ns = 5e6;
  const auto figure = lock_figure(result<lock_replay>(replay));
  REQUIRE(figure.look_for.find("2.50 times as long: 3 ms of update lock avoided") != std::string::npos);
  const auto svg = figure.draw({{"it", "", ""}, 950});
  const auto run = elements_of(svg, "rect", "busy").at(0);
  const auto forward = elements_of(svg, "rect", "series-2").at(0),
             backward = elements_of(svg, "rect", "series-7").at(0);
  REQUIRE(run.number("width") == Approx(2 * forward.number("width")).margin(0.3));
  REQUIRE(backward.number("width") == Approx(run.number("width")).margin(0.3));
}

TEST_CASE("the report of a run has its facts, its summary and the answers of the analyses") {
  const temporary_folder folder;
  decoupled_pipeline pipeline(40);
  pipeline.trace.fact("policy", "synthetic");
  pipeline.trace.fact("model", "mlp:4-8-<3>");
  pipeline.trace.write(folder.file("trace"));
  std::ofstream(folder.file("summary.json")) << R"({"end": "finished", "test_error_percent": 2.125, "wall_s": null})";
  const auto path = folder.file("report.html");
  REQUIRE(write_report(folder.path(), path));
  const auto page = text_of(path);
  REQUIRE(page.find("<dd>synthetic</dd>") != std::string::npos);
  REQUIRE(page.find("<dd>mlp:4-8-&lt;3&gt;</dd>") != std::string::npos);
  REQUIRE(page.find("<dd>2.12 %</dd>") != std::string::npos);
  REQUIRE(times(page, "class=\"empty\"") == 1); // no size of activations was measured
  REQUIRE(times(page, "<svg class=\"wide\"") == 12);
  // 40 gradients of 300 bytes from group 1 to group 0.
  REQUIRE(page.find("<td class=\"words\">group 1</td><td class=\"words\">group 0</td><td>40</td><td>12,000</td>") !=
          std::string::npos);

  const auto named_after_trace = gather_report(*trace_run::open(folder.path()), {}, folder.file("trace/"));
  REQUIRE(named_after_trace.summary.test_metric == 2.125);
  REQUIRE(folder.path().ends_with(named_after_trace.run));
}

TEST_CASE("a summary that is broken, partly there or missing leaves numbers unknown") {
  const temporary_folder folder;
  REQUIRE(std::isnan(read_run_summary(folder.file("none.json")).test_metric));
  std::ofstream(folder.file("half.json")) << R"({"end": "finished", "test_err)";
  REQUIRE(read_run_summary(folder.file("half.json")).end.empty());
  std::ofstream(folder.file("odd.json")) << R"({"test_error_percent": null, "samples_per_s": 12.5, "steps": [1]})";
  const auto odd = read_run_summary(folder.file("odd.json"));
  REQUIRE(std::isnan(odd.test_metric));
  REQUIRE(odd.samples_per_s == 12.5);
  REQUIRE(std::isnan(odd.steps));
}

TEST_CASE("a report that cannot be written, or of no trace, is an error that names the path") {
  const temporary_folder folder;
  const auto none = write_report(folder.path(), folder.file("report.html"));
  REQUIRE_FALSE(none);
  REQUIRE(none.message().find(folder.path()) != std::string::npos);
  decoupled_pipeline(3).trace.write(folder.file("trace"));
  const auto nowhere = write_report(folder.path(), folder.file("missing/report.html"));
  REQUIRE_FALSE(nowhere);
  REQUIRE(nowhere.message().find("missing/report.html") != std::string::npos);
}
