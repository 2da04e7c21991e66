#include "runtime/cpu/cpu_device.hpp"
#include "runtime/io/safetensors.hpp"
#include "tests/runtime/io/temporary_folder.hpp"
#include "tests/support/catch.hpp"
#include "tests/tools/sample_summary.hpp"
#include "tools/run_folder/run_recorder.hpp"
#include "tools/run_folder/weights_files.hpp"

#include <algorithm>
#include <csignal>
#include <cstring>
#include <fstream>
#include <optional>
#include <sstream>
#include <sys/resource.h>

using namespace syngrad;
using namespace syngrad::tools;
namespace fs = std::filesystem;

namespace {

std::vector<std::string> lines_of(const std::string& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

float first_number_in(const std::string& path) {
  const auto file = read_safetensors(path);
  REQUIRE(file);
  float number = 0;
  std::memcpy(&number, file->tensors.front().bytes.data(), sizeof number);
  return number;
}

int partial_files_in(const std::string& folder) {
  return static_cast<int>(std::count_if(fs::directory_iterator(folder), fs::directory_iterator(), [](auto& entry) {
    return entry.path().filename().string().find(".partial") != std::string::npos;
  }));
}

bool only_the_lock_in(const std::string& folder) {
  return std::all_of(fs::directory_iterator(folder), fs::directory_iterator(),
                     [](const auto& entry) { return entry.path().filename() == ".lock"; });
}

struct written_run {
  test::temporary_folder parent;
  result<run_folder> folder = run_folder::create(parent.file("run"), "locked");
  cpu_device device;
  network model = std::move(make_network("mlp:6-4x2-3").value());
  run_recorder::plan plan{.run_ini = "steps = 1\n",
                          .data = {.source = "csv:t.csv", .class_names = {"no", "yes", "?"}},
                          .model = "mlp:6-4x2-3",
                          .groups = 2,
                          .weight_bytes = weights_size(model, "mlp:6-4x2-3")};

  std::vector<layer_group::named_tensor> weights() {
    layer_list layers;
    auto same = make_network("mlp:6-4x2-3");
    for (auto& unit : same->units)
      for (auto& layer : unit) layers.push_back(std::move(layer));
    group_ =
      std::make_unique<layer_group>(device.make_stream(), same->input, std::move(layers), optimizer_settings{}, 1, 0);
    return group_->weights();
  }
  std::string file(const std::string& name) const { return folder->file(name); }

private:
  std::unique_ptr<layer_group> group_;
};

} // namespace

TEST_CASE("A recorded run has options, a row an evaluation, events, weights and a summary") {
  written_run run;
  auto recorder = run_recorder::open(*run.folder, run.plan);
  REQUIRE(recorder);
  const auto reserved =
    std::find_if(fs::directory_iterator(run.folder->path()), fs::directory_iterator(), [](auto& entry) {
      return entry.path().filename().string().starts_with("weights.safetensors.partial-");
    });
  REQUIRE(reserved != fs::directory_iterator());
  CHECK(fs::file_size(*reserved) == run.plan.weight_bytes);
  REQUIRE(recorder->evaluation(test::sample_evaluation(100)));
  const auto rows = lines_of(run.file("metrics.csv"));
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].find(
          "step,wall_s,trained_s,samples_per_s,train_loss_nats,loss_nats,error_percent,judged_on,group0_busy,") == 0);
  CHECK(rows[1] == "100,2.5,2.25,20000,0.5,0.25,6.5,test,0.75,0.875,0.5,0.625,2.5,0.75,,,,2.5");
  CHECK(std::count(rows[0].begin(), rows[0].end(), ',') == std::count(rows[1].begin(), rows[1].end(), ','));

  const auto weights = run.weights();
  REQUIRE(recorder->finish(test::sample_summary(), weights));
  CHECK(lines_of(run.file("run.ini")) == std::vector<std::string>{"steps = 1"});
  CHECK(read_data_file(run.file("data.json")).value().class_names == run.plan.data.class_names);
  CHECK(fs::exists(run.file("summary.json")));
  const auto saved = read_safetensors(run.file("weights.safetensors"));
  REQUIRE(saved);
  CHECK(saved->tensors.size() == weights.size());
  CHECK(saved->metadata.at("model") == "mlp:6-4x2-3");
  for (const auto& entry : fs::directory_iterator(run.folder->path()))
    CHECK(entry.path().filename().string().find(".partial") == std::string::npos);
}

TEST_CASE("The space that is reserved for weights is what they take") {
  written_run run;
  auto recorder = run_recorder::open(*run.folder, run.plan);
  REQUIRE(recorder);
  REQUIRE(recorder->finish(test::sample_summary(), run.weights()));
  CHECK(fs::file_size(run.file("weights.safetensors")) == run.plan.weight_bytes);
}

TEST_CASE("A run that never starts leaves nothing in its folder") {
  written_run run;
  {
    auto recorder = run_recorder::open(*run.folder, run.plan);
    REQUIRE(recorder);
    recorder->discard();
  }
  CHECK(only_the_lock_in(run.folder->path()));
}

TEST_CASE("Where space cannot be reserved, the run is refused and nothing stays") {
  written_run run;
  run.plan.weight_bytes = std::size_t{1} << 60;
  {
    const auto recorder = run_recorder::open(*run.folder, run.plan);
    REQUIRE(!recorder);
    CHECK(recorder.message().find("--run: cannot reserve 1152921504606846976 bytes") == 0);
  }
  CHECK(only_the_lock_in(run.folder->path()));
}

TEST_CASE("Metrics that cannot be written are reported, and the weights are saved all the same") {
  written_run run;
  auto recorder = run_recorder::open(*run.folder, run.plan);
  REQUIRE(recorder);
  const auto weights = run.weights();
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit previous{};
  ::getrlimit(RLIMIT_FSIZE, &previous);
  const rlimit limit{run.plan.weight_bytes + 4096, previous.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &limit);
  status recorded = ok();
  for (int i = 1; i <= 100000 && recorded; ++i) recorded = recorder->evaluation(test::sample_evaluation(i));
  const auto saved = recorder->finish(test::sample_summary(), weights);
  ::setrlimit(RLIMIT_FSIZE, &previous);
  std::signal(SIGXFSZ, SIG_DFL);
  REQUIRE(!recorded);
  CHECK(recorded.message().find("cannot write '" + run.folder->path()) == 0);
  CHECK(saved);
  CHECK(read_safetensors(run.file("weights.safetensors")));
}

TEST_CASE("Weights that are saved while a run goes on are whole, replaced by later ones, and by those of its end") {
  written_run run;
  auto recorder = run_recorder::open(*run.folder, run.plan);
  REQUIRE(recorder);
  const auto weights = run.weights();
  float& first = weights.front().value.f32()[0];
  for (const float value : {1.0f, 2.0f}) {
    first = value;
    const auto path = recorder->save(weights, false);
    REQUIRE(path);
    CHECK(*path == run.file("weights.safetensors"));
    CHECK(first_number_in(*path) == value);
  }
  first = 3.0f;
  REQUIRE(recorder->finish(test::sample_summary(), weights));
  CHECK(first_number_in(run.file("weights.safetensors")) == 3.0f);
  CHECK(recorder->remark() == "");
  CHECK(fs::file_size(run.file("weights.safetensors")) == run.plan.weight_bytes);
  CHECK(partial_files_in(run.folder->path()) == 0);
}

TEST_CASE("Where the disk has no other space, weights of a run that goes on leave what was reserved for its end") {
  written_run run;
  auto recorder = run_recorder::open(*run.folder, run.plan);
  REQUIRE(recorder);
  const auto weights = run.weights();
  weights.front().value.f32()[0] = 1.0f;
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit previous{};
  ::getrlimit(RLIMIT_FSIZE, &previous);
  const rlimit limit{run.plan.weight_bytes - 1, previous.rlim_max}; // no further file of that size
  ::setrlimit(RLIMIT_FSIZE, &limit);
  const auto saved = recorder->save(weights, false);
  ::setrlimit(RLIMIT_FSIZE, &previous);
  std::signal(SIGXFSZ, SIG_DFL);
  REQUIRE(!saved);
  CHECK(saved.message().find("cannot reserve") == 0);
  CHECK(partial_files_in(run.folder->path()) == 2); // those of the end are still reserved
  REQUIRE(recorder->finish(test::sample_summary(), weights));
  CHECK(first_number_in(run.file("weights.safetensors")) == 1.0f);
}

TEST_CASE("A folder that is renamed is followed to its new name, with all that comes") {
  written_run run;
  auto recorder = run_recorder::open(*run.folder, run.plan);
  REQUIRE(recorder);
  std::vector<std::string> told;
  recorder->on_move([&](const std::string& line) { told.push_back(line); });
  REQUIRE(recorder->evaluation(test::sample_evaluation(100)));
  const auto before = run.folder->path(), after = run.parent.file("elsewhere");
  fs::rename(before, after);
  REQUIRE(recorder->evaluation(test::sample_evaluation(200)));
  REQUIRE(recorder->finish(test::sample_summary(), run.weights()));
  REQUIRE(told.size() == 1);
  CHECK(told[0].find("'" + before + "' was renamed: it is '" + after + "' now") != std::string::npos);
  CHECK(recorder->remark() == told[0]);
  CHECK(!recorder->lost_its_folder());
  CHECK(recorder->path() == after);
  CHECK(!fs::exists(before));
  CHECK(lines_of(after + "/metrics.csv").size() == 3);
  CHECK(read_safetensors(after + "/weights.safetensors"));
  CHECK(fs::exists(after + "/summary.json"));
  CHECK(partial_files_in(after) == 0);
}

TEST_CASE("Where a folder was removed, all goes to a new one there again or beside it, with the metrics so far") {
  written_run run;
  auto recorder = run_recorder::open(*run.folder, run.plan);
  REQUIRE(recorder);
  std::vector<std::string> told;
  recorder->on_move([&](const std::string& line) { told.push_back(line); });
  REQUIRE(recorder->evaluation(test::sample_evaluation(100)));
  const auto lost = run.folder->path();
  auto path = lost;
  SECTION("nothing is there") {
    fs::remove_all(lost);
  }
  SECTION("the folders above it are gone, too") {
    fs::remove_all(run.parent.path());
  }
  SECTION("another run is there") {
    fs::remove_all(lost);
    fs::create_directories(lost + "/trace");
    std::ofstream(lost + "/run.ini") << "theirs";
    path = lost + "-2";
  }
  SECTION("another run is just beginning there") {
    fs::remove_all(lost);
    fs::create_directories(lost);
    path = lost + "-2";
    static std::optional<folder_lock> theirs; // of another open file, as another process's
    theirs = std::move(*folder_lock::take(lost).value());
  }
  SECTION("what is in it was removed") {
    fs::remove_all(lost + "/.lock");
    fs::remove_all(lost + "/metrics.csv");
    path = lost + "-2"; // the rest is still a run
  }
  SECTION("somebody's file is there") {
    fs::remove_all(lost);
    std::ofstream(lost) << "mine";
    path = lost + "-2";
  }
  REQUIRE(recorder->evaluation(test::sample_evaluation(200)));
  REQUIRE(told.size() == 1);
  CHECK(told[0].find("'" + lost + "' was removed") != std::string::npos);
  CHECK(told[0].find("'" + path + "'") != std::string::npos);
  REQUIRE(recorder->save(run.weights(), false));
  REQUIRE(recorder->finish(test::sample_summary(), run.weights()));
  CHECK(recorder->lost_its_folder());
  CHECK(recorder->path() == path);
  const auto rows = lines_of(path + "/metrics.csv");
  REQUIRE(rows.size() == 3);
  CHECK(rows[1].find("100,") == 0);
  CHECK(rows[2].find("200,") == 0);
  CHECK(lines_of(path + "/run.ini") == std::vector<std::string>{"steps = 1"});
  CHECK(read_safetensors(path + "/weights.safetensors"));
  CHECK(partial_files_in(path) == 0);
  if (fs::exists(lost + "/run.ini") && path != lost) CHECK(!fs::exists(lost + "/weights.safetensors"));
}

TEST_CASE("A folder that is removed after the last evaluation costs no weights") {
  written_run run;
  auto recorder = run_recorder::open(*run.folder, run.plan);
  REQUIRE(recorder);
  fs::remove_all(run.folder->path());
  REQUIRE(recorder->finish(test::sample_summary(), run.weights()));
  CHECK(recorder->lost_its_folder());
  CHECK(read_safetensors(recorder->path() + "/weights.safetensors"));
}

TEST_CASE("A folder that does not take the weights at the end costs none") {
  written_run run;
  auto recorder = run_recorder::open(*run.folder, run.plan);
  REQUIRE(recorder);
  REQUIRE(recorder->evaluation(test::sample_evaluation(100)));
  fs::create_directory(run.file("weights.safetensors")); // cannot be replaced by a file
  const auto at_first = run.folder->path();
  REQUIRE(recorder->finish(test::sample_summary(), run.weights()));
  CHECK(recorder->path() == at_first + "-2");
  CHECK(recorder->remark().find("'" + at_first + "' does not take the weights (cannot rename") != std::string::npos);
  CHECK(read_safetensors(recorder->path() + "/weights.safetensors"));
  CHECK(lines_of(recorder->path() + "/metrics.csv").size() == 2);
  CHECK(fs::exists(recorder->path() + "/summary.json"));
  CHECK(lines_of(at_first + "/metrics.csv").size() == 2);
}

TEST_CASE("Files of a run are its own: one that appears meanwhile under such a name is not touched") {
  for (const auto* name : {"metrics.csv", "run.ini"}) {
    written_run run;
    std::ofstream(run.file(name)) << "theirs";
    {
      const auto recorder = run_recorder::open(*run.folder, run.plan);
      REQUIRE(!recorder);
      CHECK(recorder.message().find(std::string("--run: cannot create '") + run.file(name) + "'") == 0);
    }
    CHECK(lines_of(run.file(name)) == std::vector<std::string>{"theirs"});
    for (const auto& entry : fs::directory_iterator(run.folder->path())) {
      const auto found = entry.path().filename().string();
      CHECK((found == name || found == ".lock"));
    }
  }
}
