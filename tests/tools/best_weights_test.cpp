#include "tools/run_folder/weights_files.hpp"

#include "runtime/cpu/cpu_device.hpp"
#include "tests/runtime/io/temporary_folder.hpp"
#include "tests/support/catch.hpp"

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>

using namespace syngrad;
using namespace syngrad::tools;
using syngrad::test::temporary_folder;

namespace {

evaluation_report evaluation(std::int64_t step, double error, double loss = 1, bool on_validation = false) {
  evaluation_report out;
  out.step = step;
  out.metrics = metric_values({{{"error", "%", "error_percent"}, error}});
  out.loss = loss;
  out.on_validation = on_validation;
  return out;
}

struct kept_run {
  explicit kept_run(bool on_validation = false)
    : best({{"model", "mlp:1-1"}}, on_validation, [this](const std::string& line) { told.push_back(line); }) {}

  // Weights that tell the step.
  void evaluated(const evaluation_report& report) {
    best.evaluated(folder.path(), report, [&](const weights_use& use) {
      ++copies;
      auto value = make_tensor(work, {1});
      *value.f32() = static_cast<float>(report.step);
      const layer_group::named_tensor weight{"0.weight", value};
      const auto used = use({&weight, 1});
      *value.f32() = -1; // training goes on
      return used;
    });
  }
  std::string path() const { return folder.file(best_weights_name); }
  std::string file() const {
    std::ifstream in(path(), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  float weight() const {
    const auto bytes = file();
    float value = -1;
    if (bytes.size() > sizeof value) std::memcpy(&value, bytes.data() + bytes.size() - sizeof value, sizeof value);
    return value;
  }

  temporary_folder folder;
  cpu_device cpu;
  stream& work = cpu.make_stream();
  std::vector<std::string> told;
  int copies = 0;
  best_weights best;
};

} // namespace

TEST_CASE("The weights of the best evaluation are kept, with its numbers") {
  kept_run run;
  for (const auto& each : {evaluation(10, 30), evaluation(20, 12.5), evaluation(30, 13), evaluation(40, 12.5, 2)})
    run.evaluated(each);
  const auto kept = run.best.finish();
  REQUIRE(kept);
  CHECK(kept->step == 20);
  CHECK(kept->value.value == 12.5);
  CHECK(run.copies == 2);
  CHECK(run.weight() == 20);
  for (const auto* part : {"\"step\":\"20\"", "\"error_percent\":\"12.5\"", "\"loss\":\"1\"", "\"model\":\"mlp:1-1\""})
    CHECK(run.file().find(part) != std::string::npos);
  CHECK(run.told.empty());
}

TEST_CASE("Of equal errors the smaller loss is better, and what is no number is never") {
  const auto nan = std::numeric_limits<double>::quiet_NaN();
  kept_run run;
  run.evaluated(evaluation(1, 0, nan));
  CHECK(run.copies == 0);
  run.evaluated(evaluation(2, 50, 3));
  run.evaluated(evaluation(3, 50, 2.5));
  run.evaluated(evaluation(4, 50, 2.5));
  run.evaluated(evaluation(5, 10, std::numeric_limits<double>::infinity()));
  CHECK(run.copies == 2);
  CHECK(run.best.finish()->step == 3);
  CHECK(run.weight() == 3);
}

TEST_CASE("Where there are validation samples those judge") {
  kept_run run(true);
  run.evaluated(evaluation(1, 20, 1, true));
  run.evaluated(evaluation(2, 1, 1, false));
  CHECK(run.best.finish()->step == 1);
}

TEST_CASE("Without an evaluation there is no file") {
  kept_run run;
  CHECK_FALSE(run.best.finish());
  CHECK_FALSE(std::filesystem::exists(run.path()));
}

TEST_CASE("A file that cannot be written is said once, and what was kept before stays") {
  kept_run run;
  std::filesystem::create_directory(run.path() + ".partial"); // in the way of the temporary file
  std::filesystem::create_directory(run.path());              // and of the other one
  run.evaluated(evaluation(1, 20));
  run.evaluated(evaluation(2, 10));
  run.evaluated(evaluation(3, 5));
  CHECK_FALSE(run.best.finish());
  REQUIRE(run.told.size() == 1);
  CHECK(run.told[0].starts_with("the best weights so far are not kept: "));
  CHECK(run.told[0].ends_with("; the run goes on"));
}

TEST_CASE("Weights that cannot be copied are said, and the next ones are tried") {
  kept_run run;
  run.best.evaluated(run.folder.path(), evaluation(1, 20),
                     [](const weights_use&) -> status { return error::resource("no memory"); });
  run.evaluated(evaluation(2, 30)); // better than none
  CHECK(run.best.finish()->step == 2);
  CHECK(run.told == std::vector<std::string>{"the best weights so far are not kept: no memory; the run goes on"});
}
