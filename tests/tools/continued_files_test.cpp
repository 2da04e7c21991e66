// What a run that goes on finds in its folder: metrics up to its step, once, and then the new ones behind them.
#include "runtime/cpu/cpu_device.hpp"
#include "tests/runtime/io/temporary_folder.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/file_contents.hpp"
#include "tools/run_folder/metrics_files.hpp"
#include "tools/run_folder/run_folder.hpp"
#include "tools/run_folder/run_recorder.hpp"
#include "tools/run_folder/weights_files.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>

using namespace syngrad;
using namespace syngrad::tools;
using syngrad::test::contents_of;

namespace {

evaluation_report evaluated_at(std::int64_t step, int groups, double error = 5) {
  evaluation_report out;
  out.step = step;
  out.loss = 0.5;
  out.metrics = metric_values({{{"error", "%", "error_percent"}, error}});
  for (int i = 0; i < groups; ++i) {
    group_report group;
    group.group = i;
    group.busy = 0.25;
    group.cosine = 0.5;
    out.groups.push_back(group);
  }
  return out;
}

std::vector<std::string> lines_in(const std::string& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

std::vector<std::string> steps_of(const std::string& path) {
  auto lines = lines_in(path);
  lines.erase(lines.begin());
  for (auto& each : lines) each = each.substr(0, each.find(','));
  return lines;
}

const std::unique_ptr<objective> classes_judge = std::move(*make_objective({}));

void write_metrics(const std::string& path, int groups, std::initializer_list<std::int64_t> steps) {
  auto file = metrics_csv::create(path, *classes_judge, groups);
  REQUIRE(file);
  for (const auto step : steps) REQUIRE(file->append(evaluated_at(step, groups)));
}

std::vector<std::string> event_files(const std::string& folder) {
  std::vector<std::string> found;
  for (const auto& each : std::filesystem::directory_iterator(folder))
    if (each.path().filename().string().starts_with("events.")) found.push_back(each.path().filename().string());
  std::sort(found.begin(), found.end());
  return found;
}

} // namespace

TEST_CASE("rows of metrics after the step that a run goes on from are cut, and so is half a row") {
  const test::temporary_folder home;
  const auto path = home.file("metrics.csv"), whole = home.file("whole.csv");
  write_metrics(path, 2, {10, 20, 30, 40});
  std::ofstream(path, std::ios::app) << "50,1.25,0.";
  auto next = metrics_csv::resume(path, *classes_judge, 2, 30);
  REQUIRE(next);
  CHECK(steps_of(path) == std::vector<std::string>{"10", "20", "30"});
  REQUIRE(next->append(evaluated_at(40, 2)));
  write_metrics(whole, 2, {10, 20, 30, 40});
  CHECK(contents_of(path) == contents_of(whole));
}

TEST_CASE("metrics of a run that goes on with another number of groups have columns for all of them") {
  const test::temporary_folder home;
  const auto path = home.file("metrics.csv");
  write_metrics(path, 2, {10});
  {
    auto more = metrics_csv::resume(path, *classes_judge, 3, 10);
    REQUIRE(more);
    REQUIRE(more->append(evaluated_at(20, 3)));
  }
  {
    auto fewer = metrics_csv::resume(path, *classes_judge, 1, 20);
    REQUIRE(fewer);
    REQUIRE(fewer->append(evaluated_at(30, 1)));
  }
  const auto lines = lines_in(path);
  REQUIRE(lines.size() == 4);
  CHECK(lines[0].find("group2_busy") != std::string::npos);
  const auto commas = [](const std::string& line) { return std::count(line.begin(), line.end(), ','); };
  for (const auto& each : lines) CHECK(commas(each) == commas(lines[0]));
}

TEST_CASE("metrics that are not this run's are refused, and stay") {
  const test::temporary_folder home;
  const auto path = home.file("metrics.csv");
  std::ofstream(path) << "step,other\n1,2\n";
  const auto before = contents_of(path);
  const auto refused = metrics_csv::resume(path, *classes_judge, 2, 30);
  REQUIRE_FALSE(refused);
  CHECK(refused.message().find("metrics.csv") != std::string::npos);
  CHECK(contents_of(path) == before);
}

TEST_CASE("events for TensorBoard of later steps are cut, from however many files, and none is there twice") {
  const test::temporary_folder home;
  const std::vector<scalar> scalars{{"loss/test", 0.5}};
  {
    auto first = tensorboard_events::create(home.file("events.out.tfevents.1.syngrad"), 1);
    REQUIRE(first);
    for (const std::int64_t step : {10, 20}) REQUIRE(first->append(1, step, scalars));
  }
  std::filesystem::copy(home.file("events.out.tfevents.1.syngrad"), home.file("events.out.tfevents.2.syngrad"));
  {
    auto third = tensorboard_events::create(home.file("events.out.tfevents.3.syngrad"), 3);
    REQUIRE(third);
    for (const std::int64_t step : {30, 40}) REQUIRE(third->append(3, step, scalars));
  }
  std::ofstream(home.file("events.out.tfevents.3.syngrad"), std::ios::app | std::ios::binary) << "half a record";
  const auto path = home.file("events.out.tfevents.4.syngrad");
  auto next = tensorboard_events::resume(home.path(), path, 4, 30);
  REQUIRE(next);
  REQUIRE(next->append(4, 40, scalars));
  CHECK(event_files(home.path()) == std::vector<std::string>{"events.out.tfevents.4.syngrad"});
  auto expected = encode_record(encode_version_event(4));
  for (const std::int64_t step : {10, 20}) expected += encode_record(encode_scalar_event(1, step, scalars));
  expected += encode_record(encode_scalar_event(3, 30, scalars)) + encode_record(encode_scalar_event(4, 40, scalars));
  CHECK(contents_of(path) == expected);
}

TEST_CASE("the best weights of a run that goes on are those that it had, unless they come again") {
  for (const bool before : {true, false}) {
    const test::temporary_folder home;
    cpu_device cpu;
    auto& work = cpu.make_stream();
    auto value = make_tensor(work, {1});
    const layer_group::named_tensor weight{"0.weight", value};
    const auto run = [&](best_weights& best, std::int64_t step, double error) {
      *value.f32() = static_cast<float>(step);
      best.evaluated(home.path(), evaluated_at(step, 0, error), [&](const weights_use& use) {
        return use({&weight, 1});
      });
    };
    const auto say = [](const std::string& line) { FAIL(line); };
    {
      best_weights first({{"model", "mlp:1-1"}}, false, say);
      run(first, 20, 3);
      REQUIRE(first.finish());
    }
    best_weights next({{"model", "mlp:1-1"}}, false, say);
    next.go_on(home.path(), before ? 20 : 10, *classes_judge);
    run(next, 30, 4);
    const auto kept = next.finish();
    REQUIRE(kept);
    CHECK(kept->step == (before ? 20 : 30));
    CHECK(kept->value.value == (before ? 3 : 4));
  }
}

TEST_CASE("a run's folder is taken again where there is a run, and no other process has it") {
  const test::temporary_folder home;
  const auto path = home.file("run");
  const auto none = run_folder::reopen(path);
  REQUIRE_FALSE(none);
  CHECK(none.message().find("no run.ini") != std::string::npos);
  std::filesystem::create_directory(path);
  std::ofstream(path + "/run.ini") << "steps = 5\n";
  auto taken = run_folder::reopen(path);
  REQUIRE(taken);
  CHECK(taken->path() == path);
  CHECK(taken->look() == run_folder::standing::unmoved);
  const auto second = run_folder::reopen(path);
  REQUIRE_FALSE(second);
  CHECK(second.failure().kind == error_kind::busy);
}
