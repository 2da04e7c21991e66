#include "runtime/cpu/cpu_device.hpp"
#include "runtime/io/safetensors.hpp"
#include "tests/runtime/io/temporary_folder.hpp"
#include "tests/support/catch.hpp"
#include "tests/tools/sample_summary.hpp"
#include "tools/run_folder/run_recorder.hpp"

#include <algorithm>
#include <csignal>
#include <fstream>
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

struct written_run {
  test::temporary_folder parent;
  result<run_folder> folder = run_folder::create(parent.file("run"), "locked");
  cpu_device device;
  network model = std::move(make_network("mlp:6-4x2-3").value());
  run_recorder::plan plan{
    .run_ini = "steps = 1\n", .model = "mlp:6-4x2-3", .groups = 2, .weight_bytes = weights_size(model)};

  std::vector<layer_group::named_tensor> weights() {
    layer_list layers;
    auto same = make_network("mlp:6-4x2-3");
    for (auto& unit : same->units)
      for (auto& layer : unit) layers.push_back(std::move(layer));
    group_ = std::make_unique<layer_group>(device.make_stream(), std::move(layers), optimizer_settings{}, 1, 0);
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
  CHECK(rows[0].find("step,wall_s,samples_per_s,train_loss_nats,loss_nats,error_percent,judged_on,group0_busy,") == 0);
  CHECK(rows[1] == "100,2.5,20000,0.5,0.25,6.5,test,0.75,0.875,0.5,2.5,0.75,,,2.5");
  CHECK(std::count(rows[0].begin(), rows[0].end(), ',') == std::count(rows[1].begin(), rows[1].end(), ','));

  const auto weights = run.weights();
  REQUIRE(recorder->finish(test::sample_summary(), weights));
  CHECK(lines_of(run.file("run.ini")) == std::vector<std::string>{"steps = 1"});
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
  CHECK(fs::is_empty(run.folder->path()));
}

TEST_CASE("Where space cannot be reserved, the run is refused and nothing stays") {
  written_run run;
  run.plan.weight_bytes = std::size_t{1} << 60;
  {
    const auto recorder = run_recorder::open(*run.folder, run.plan);
    REQUIRE(!recorder);
    CHECK(recorder.message().find("--run: cannot reserve 1152921504606846976 bytes") == 0);
  }
  CHECK(fs::is_empty(run.folder->path()));
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
