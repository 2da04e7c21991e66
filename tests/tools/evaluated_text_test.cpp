// What generate computes is what a run's evaluation has computed: the loss of the test set, from the run's own files.
#include "models/generation/language_model.hpp"
#include "runtime/cpu/cpu_device.hpp"
#include "runtime/data/batch_order.hpp"
#include "runtime/data/data_source.hpp"
#include "tests/runtime/io/temporary_folder.hpp"
#include "tests/support/catch.hpp"
#include "tools/subcommand.hpp"
#include "tools/trained/trained_run.hpp"

#include <cmath>
#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>

using namespace syngrad;
using namespace syngrad::tools;

namespace {

class silent_output {
public:
  silent_output() : before_(std::cout.rdbuf(said_.rdbuf())) {}
  ~silent_output() { std::cout.rdbuf(before_); }

private:
  std::ostringstream said_;
  std::streambuf* before_;
};

std::string last_line_of(const std::string& path) {
  std::ifstream file(path);
  std::string last;
  for (std::string line; std::getline(file, line);) last = line;
  return last;
}

// The last one in metrics.csv.
double test_loss_of(const std::string& folder) {
  const auto path = folder + "/metrics.csv";
  std::string names, name, field;
  std::ifstream file(path);
  std::getline(file, names);
  std::istringstream header(names), row(last_line_of(path));
  while (std::getline(header, name, ',') && std::getline(row, field, ',') && name != "loss_nats") {
  }
  REQUIRE(name == "loss_nats");
  return std::stod(field);
}

double nats(std::span<const float> logits, std::int32_t target) {
  double sum = 0;
  for (const auto each : logits) sum += std::exp(double{each} - logits[0]);
  return std::log(sum) - (double{logits[static_cast<std::size_t>(target)]} - logits[0]);
}

constexpr std::size_t batch_size = 8;

// Of those windows of the test set, read token by token: each from the beginning, or, continuing, after that of its row
// in the batch before.
double loss_of(stream& s, const trained_run& run, const dataset& data, std::span<const std::int64_t> windows,
               bool continuing) {
  const auto context = static_cast<std::size_t>(data.test.window);
  double sum = 0;
  std::vector<std::int32_t> tokens(context), targets(context);
  std::vector<std::unique_ptr<language_model>> rows(batch_size);
  for (std::size_t i = 0; i < windows.size(); ++i) {
    copy_windows(data.test, data.target.categories, windows.subspan(i, 1), tokens, targets);
    auto& reads = rows[i % batch_size];
    if (!reads || !continuing)
      reads = std::make_unique<language_model>(
        s,
        std::move(
          trained_network::make(s, std::move(make_network(run.net.description).value()), run.weights.tensors).value()));
    for (std::size_t at = 0; at < context; ++at) {
      reads->read(std::span(tokens).subspan(at, 1));
      sum += nats(reads->logits(), targets[at]);
    }
  }
  return sum / static_cast<double>(windows.size() * context);
}

} // namespace

TEST_CASE("from the files of a run its language model has the test loss that the run has reported") {
  const test::temporary_folder home;
  std::string text;
  for (int i = 0; i < 300; ++i) text += "line " + std::to_string(i * i % 91) + (i % 3 ? " of " : ", ");
  std::ofstream(home.file("a.txt")) << text;
  configure_compute_thread();
  cpu_device cpu;
  auto& s = cpu.make_stream();
  for (const std::string model : {"gpt:2x16,heads=2,context=12", "lstm:1x16,chunk=12", "gru:1x16,chunk=12"}) {
    INFO(model);
    const auto folder = home.file(model.substr(0, model.find(':')));
    const auto source = "text:" + home.file("a.txt");
    const std::vector<std::string> arguments{"--data",      source, "--model",         model,  "--policy", "locked",
                                             "--optimizer", "adam", "--batch",         "8",    "--steps",  "60",
                                             "--groups",    "2",    "--run",           folder, "--lr",     "3e-3",
                                             "--trace",     "off",  "--test-fraction", "0.2"};
    {
      const silent_output quiet;
      REQUIRE(run_train(arguments) == exit_code::done);
    }
    auto run = open_trained_run(folder, "");
    REQUIRE(run);
    CHECK(run->facts.source == source);
    data_settings settings;
    settings.test_fraction = 0.2;
    settings.context = 12;
    const auto data = open_dataset(source, settings);
    REQUIRE(data);
    const bool continuing = !carrying_layer(run->net).empty();
    const auto order = order_samples(*data, {.batch_size = batch_size, .continuing = continuing});
    REQUIRE(order);
    REQUIRE(order->test.size() > 20);
    const auto reported = test_loss_of(folder);
    CHECK(reported < 2.5); // it has learnt something: chance is above 3
    CHECK(loss_of(s, *run, *data, order->test, continuing) == Approx(reported).epsilon(1e-5));
  }
}
