// What a comparison is asked for, and what its runs have reached, without making any.
#include "tests/runtime/io/temporary_folder.hpp"
#include "tests/support/catch.hpp"
#include "tools/compare/comparison_folder.hpp"
#include "tools/compare/comparison_page.hpp"
#include "tools/compare/comparison_plan.hpp"
#include "tools/compare/comparison_results.hpp"
#include "tools/trace/report/curve_chart.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

using namespace syngrad;
using namespace syngrad::tools;

namespace {

using several_words = std::vector<std::string>;

comparison_plan plan_of(const comparison_request& asked) {
  const auto plan = plan_comparison(asked);
  if (!plan) FAIL(plan.message());
  return *plan;
}

std::string refusal_of(const comparison_request& asked) {
  const auto plan = plan_comparison(asked);
  return plan ? "" : plan.message();
}

several_words folders_of(const comparison_plan& plan) {
  several_words out;
  for (const auto& each : plan.runs()) out.push_back(each.folder);
  return out;
}

bool has(const several_words& arguments, const several_words& part) {
  return std::search(arguments.begin(), arguments.end(), part.begin(), part.end()) != arguments.end();
}

run_result finished_run(std::vector<run_result::look> looks) {
  run_result out;
  out.state = run_result::standing::finished;
  out.metric_name = "error_percent";
  out.looks = std::move(looks);
  out.trained_s = out.looks.back().trained_s;
  out.steps = 100;
  return out;
}

// Two policies and two seeds.
comparison_plan small_plan() {
  comparison_request asked;
  asked.policies = "locked,delayed";
  asked.seeds = 2;
  return plan_of(asked);
}

} // namespace

TEST_CASE("runs are all combinations, those of the first seed first, each in a folder named by what it differs in") {
  comparison_request asked;
  asked.policies = "locked,delayed+muon+lr=0.02";
  asked.links = "0,10ms";
  asked.seeds = 2;
  asked.given = {{"groups", "2,4"}, {"data", "digits"}};
  const auto plan = plan_of(asked);
  const auto runs = plan.runs();
  REQUIRE(runs.size() == 16);
  REQUIRE(plan.configurations() == 8);
  const auto folders = folders_of(plan);
  CHECK(std::set<std::string>(folders.begin(), folders.end()).size() == 16);
  CHECK(folders[0] == "locked,link=0ms,groups=2,seed=1");
  CHECK(folders[7] == "delayed+muon+lr=0.02,link=10ms,groups=4,seed=1");
  CHECK(folders[8] == "locked,link=0ms,groups=2,seed=2");
  CHECK(has(runs[7].arguments, {"--policy", "delayed", "--optimizer", "muon", "--lr", "0.02", "--link", "delay@*:10ms",
                                "--groups", "4", "--seed", "1"}));
  CHECK(has(runs[7].arguments, {"--data", "digits"}));
  CHECK_FALSE(has(runs[0].arguments, {"--link"}));
}

TEST_CASE("a value that train takes as it is, is one; another is a list, and --vary has lists of all others") {
  comparison_request asked;
  asked.policies = "locked";
  asked.seeds = 1;
  asked.given = {{"lr", "1e-3,3e-4"}, {"betas", "0.9,0.95"}, {"schedule", "0.6:0.1,0.8:0.1"}};
  asked.vary = {"sg=ridge|exit"};
  const auto plan = plan_of(asked);
  REQUIRE(plan.axes.size() == 4);
  CHECK(plan.axes[1].name == "lr");
  CHECK(plan.axes[1].values.size() == 2);
  CHECK(plan.axes[2].name == "sg");
  CHECK(std::find(plan.common.begin(), plan.common.end(), train_argument{"betas", "0.9,0.95"}) != plan.common.end());
  CHECK(std::find(plan.common.begin(), plan.common.end(), train_argument{"schedule", "0.6:0.1,0.8:0.1"}) !=
        plan.common.end());
  CHECK(plan.runs().size() == 4);
  // Values that a folder's name cannot hold are still told apart.
  asked.given = {};
  asked.vary = {"link=none|delay@*:1ms|delay@*:2ms"};
  asked.given = {{"groups", "2"}};
  const auto folders = folders_of(plan_of(asked));
  CHECK(std::set<std::string>(folders.begin(), folders.end()).size() == 3);
  for (const auto& each : folders) CHECK(each.find_first_of("/*:@") == std::string::npos);
}

TEST_CASE("a limit of time leaves the steps open, and has the run looked at evenly in time") {
  comparison_request asked;
  asked.until = "2m";
  const auto run = plan_of(asked).runs().front();
  CHECK(has(run.arguments, {"--for", "120"}));
  CHECK(has(run.arguments, {"--eval-seconds", "5"}));
  CHECK(has(run.arguments, {"--steps", "1000000000"}));
  asked.given = {{"steps", "500"}, {"eval-every", "50"}};
  const auto bounded = plan_of(asked).runs().front();
  CHECK(has(bounded.arguments, {"--steps", "500"}));
  CHECK_FALSE(has(bounded.arguments, {"--eval-seconds"}));
  CHECK_FALSE(has(bounded.arguments, {"--schedule"}));
}

TEST_CASE("what cannot be compared is refused with the option at fault") {
  const auto refused = [](const std::function<void(comparison_request&)>& spoil) {
    comparison_request asked;
    spoil(asked);
    return refusal_of(asked);
  };
  CHECK(refused([](auto& a) { a.policies = "locked,nosuch"; }).starts_with("--policies: --policy: "));
  CHECK(refused([](auto& a) { a.policies = "locked+nosuch"; }).starts_with("--policies: --optimizer: "));
  CHECK(refused([](auto& a) { a.policies = "locked,locked"; }) == "--policies: 'locked' stands there twice");
  CHECK(refused([](auto& a) { a.links = "0,10"; }).starts_with("--links: expected delays with a unit"));
  CHECK(refused([](auto& a) { a.links = "0,x,10ms"; }).starts_with("--links: expected delays that all have the unit"));
  CHECK(refused([](auto& a) { a.until = "5d"; }).starts_with("--until: expected a time"));
  CHECK(refused([](auto& a) { a.vary = {"lr"}; }).starts_with("--vary: expected NAME=A|B"));
  CHECK(refused([](auto& a) { a.vary = {"nosuch=1|2"}; }).find("no option --nosuch") != std::string::npos);
  CHECK(refused([](auto& a) { a.given = {{"batch", "x"}}; }).starts_with("--batch: "));
  CHECK(refused([](auto& a) {
          a.given = {{"policy", "locked"}};
        }) == "--policy: is said in two ways; leave one of them out");
}

TEST_CASE("what is no number counts as more than any, and no median is made of it") {
  const auto three = spread_of({4, 1, 2});
  CHECK(three.median == 2);
  CHECK(three.least == 1);
  CHECK(three.most == 4);
  const auto two = spread_of({4, 1, no_number});
  CHECK(two.median == 4);
  CHECK(two.most == 4);
  CHECK_FALSE(spread_of({1, no_number, no_number}).any());
  CHECK(spread_of({1, no_number, no_number}).least == 1);
  CHECK_FALSE(spread_of({}).any());
}

TEST_CASE("results are medians over the seeds, and time to target is to what all have reached where none is given") {
  const auto plan = small_plan();
  const comparison_results results(
    plan, {finished_run({{1, 20}, {2, 10}, {3, 6}}), finished_run({{1, 30}, {2, 8}, {3, 4}}),
           finished_run({{1, 22}, {2, 12}, {3, 8}}), finished_run({{1, 26}, {2, 10}, {3, 5}})});
  REQUIRE(results.configurations.size() == 2);
  CHECK(results.configurations[0].name == "locked");
  CHECK(results.level() == 8); // of locked's 6 and 8, which is more than delayed's 4 and 5
  CHECK(results.time_to_target(results.configurations[0]).median == 3);
  CHECK(results.time_to_target(results.configurations[1]).median == 2.5);
  const auto curve = metric_over_time(results.configurations[0], 3);
  REQUIRE(curve.size() == 3);
  CHECK(curve[0].metric.median == 21);
  CHECK(curve[2].metric.least == 6);
  CHECK(curve[2].metric.most == 8);
}

TEST_CASE("a row for each run stands in the CSV, in the order of the runs, with how it ended") {
  const auto plan = small_plan();
  run_result failed;
  failed.state = run_result::standing::failed;
  failed.why = "the model, it is said, does not fit";
  const comparison_results results(plan, {finished_run({{1, 20}}), failed, run_result(), finished_run({{1, 26}})});
  const auto csv = format_runs_csv(results);
  CHECK(csv.starts_with("run,policy,seed,end,reason,error_percent,best_error_percent,steps,trained_s,"));
  CHECK(csv.find("\n\"locked,seed=1\",locked,1,finished,,20,20,100,1,") != std::string::npos);
  CHECK(csv.find("\n\"delayed,seed=1\",delayed,1,failed,\"the model, it is said, does not fit\",,") !=
        std::string::npos);
  CHECK(csv.find("\n\"locked,seed=2\",locked,2,missing,") != std::string::npos);
  CHECK(std::count(csv.begin(), csv.end(), '\n') == 5);
}

TEST_CASE("the page needs nothing from elsewhere, and shows what failed, with what was typed as text") {
  const auto plan = small_plan();
  run_result failed;
  failed.state = run_result::standing::failed;
  failed.why = "<b>no memory</b>";
  const comparison_results results(plan, {finished_run({{1, 20}, {2, 10}}), failed, run_result(), run_result()});
  const auto page = make_comparison_page(results, {"here & now", "syngrad compare --x '<y>'", "2 processors", 75});
  CHECK(page.starts_with("<!doctype html>"));
  CHECK(page.find("here &amp; now") != std::string::npos);
  CHECK(page.find("<b>no memory") == std::string::npos);
  CHECK(page.find("&lt;b&gt;no memory") != std::string::npos);
  CHECK(page.find("about 1:15 are left") != std::string::npos);
  CHECK(page.find("polyline") != std::string::npos);
  for (const char* foreign : {"<script", "src=", "@import", "url(http", "<link rel=\"stylesheet"})
    CHECK(page.find(foreign) == std::string::npos);
}

TEST_CASE("a run's folder tells whether it is made, to be made again, or has failed") {
  const test::temporary_folder home;
  const auto folder = home.file("run");
  CHECK(read_run_result(folder).state == run_result::standing::missing);
  std::filesystem::create_directory(folder);
  CHECK(read_run_result(folder).state == run_result::standing::partial);
  const auto write = [&](const std::string& name, const std::string& text) {
    std::ofstream(std::filesystem::path(folder) / name) << text;
  };
  write("summary.json", R"({"end": "interrupted", "failure": null, "test_error_percent": 5})");
  CHECK(read_run_result(folder).state == run_result::standing::partial);
  write("summary.json",
        R"({"end": "time_over", "failure": null, "test_error_percent": 5.5, "trained_s": 2.5, "joules": null,
    "processor_s": 3, "groups": [{"parameters": 10, "staleness_updates": 4, "multiply_adds_per_step": 100,
    "optimizer_multiply_adds_per_step": 0, "predictor_multiply_adds_per_step": 20, "predictor_parameters": 5},
    {"parameters": 30, "staleness_updates": 0, "multiply_adds_per_step": 50, "optimizer_multiply_adds_per_step": 1,
    "predictor_multiply_adds_per_step": 0, "predictor_parameters": 0}]})");
  write("metrics.csv", "step,wall_s,trained_s,samples_per_s,error_percent,judged_on\n"
                       "10,1.5,1,100,20,test\n20,3,2,100,,test\n30,4,2.5,100,5.5,test\n");
  const auto read = read_run_result(folder);
  CHECK(read.state == run_result::standing::finished);
  CHECK(read.metric_name == "error_percent");
  REQUIRE(read.looks.size() == 2);
  CHECK(read.time_to(6) == 2.5);
  CHECK(read.best_metric() == 5.5);
  CHECK(read.parameters == 40);
  CHECK(read.staleness == 2);
  CHECK(read.multiply_adds == 171);
  CHECK(read.predictor_multiply_adds == 20);
  CHECK(std::isnan(read.joules));
  write("summary.json", R"({"end": "failed", "failure": "a NaN"})");
  CHECK(read_run_result(folder).why == "a NaN");
  REQUIRE(note_failure(folder, "killed\nby whom"));
  CHECK(read_run_result(folder).why == "killed");
}

TEST_CASE("a comparison's folder is one process's, and takes no runs with other options") {
  const test::temporary_folder home;
  auto plan = small_plan();
  {
    const auto first = comparison_folder::open(home.file("one"), plan);
    REQUIRE(first);
    CHECK_FALSE(comparison_folder::open(home.file("one"), plan));
  }
  CHECK(comparison_folder::open(home.file("one"), plan));
  comparison_request more;
  more.policies = "locked,delayed,local";
  more.seeds = 3;
  CHECK(comparison_folder::open(home.file("one"), plan_of(more))); // more of the same axes
  more.given = {{"batch", "64"}};
  const auto other = comparison_folder::open(home.file("one"), plan_of(more));
  REQUIRE_FALSE(other);
  CHECK(other.message().find("'batch = 64' is new") != std::string::npos);
}

TEST_CASE("logarithmic axes with few powers of ten have ticks at 2 and 5, too") {
  CHECK(fine_ticks(1.5, 30) == std::vector<double>{2, 5, 10, 20});
  CHECK(fine_ticks(0.01, 100) == std::vector<double>{0.01, 0.1, 1, 10, 100});
  CHECK(fine_ticks(3.1, 3.9).size() >= 2);
}
