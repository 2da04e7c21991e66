#include "actors/run_check.hpp"
#include "tests/runtime/io/temporary_folder.hpp"
#include "tests/support/catch.hpp"
#include "tools/command_line/option_reader.hpp"
#include "tools/train/resolve.hpp"

#include <fstream>

using namespace syngrad;
using namespace syngrad::tools;

namespace {

dataset data_of(std::int64_t features, std::int32_t classes, std::int64_t count) {
  dataset data;
  data.name = "digits";
  data.test.count = 10000;
  data.input = {{features}};
  data.target = label_spec(classes);
  data.train.count = count;
  return data;
}

struct resolution {
  train_options options;
  std::string refusal; // empty: everything fits
};

resolution resolve(const std::vector<std::string>& arguments, const dataset& data = data_of(784, 10, 50000)) {
  resolution out;
  auto reader = make_train_option_reader(out.options);
  if (auto read = reader.read(arguments); !read) {
    out.refusal = read.message();
    return out;
  }
  auto model = resolve_model(out.options, reader);
  if (!model) {
    out.refusal = model.message();
    return out;
  }
  if (auto fits = resolve_data(out.options, *model, data); !fits) out.refusal = fits.message();
  return out;
}

std::string refusal(const std::vector<std::string>& arguments) {
  return resolve(arguments).refusal;
}

} // namespace

TEST_CASE("Without options there is a group a unit, synthetic gradients and ten evaluations") {
  const auto run = resolve({});
  REQUIRE(run.refusal.empty());
  const auto& settings = run.options.settings;
  CHECK(settings.split == std::vector<int>(6, 1));
  CHECK(settings.policy == "synthetic");
  CHECK(settings.synthetic.kind == "ridge");
  CHECK(settings.synthetic.labels);
  CHECK(settings.optimizer.name == "muon");
  CHECK(settings.evaluate_every == settings.steps / 10);
  CHECK(settings.threads >= 1);
}

TEST_CASE("A policy that is not named goes by the network") {
  const auto policy_of = [](std::vector<std::string> arguments) {
    train_options options;
    auto reader = make_train_option_reader(options);
    REQUIRE(reader.read(arguments));
    REQUIRE(resolve_model(options, reader));
    return options.settings.policy;
  };
  CHECK(policy_of({"--model", "mlp:784-256x5-10"}) == "synthetic");
  CHECK(policy_of({"--model", "cnn:28x28x1-8s2-8-10"}) == "corrected");
  CHECK(policy_of({"--model", "resnet:20"}) == "corrected");
  CHECK(policy_of({"--model", "gpt:2x32,vocab=65"}) == "synthetic");
  CHECK(policy_of({"--model", "lstm:2x32,chunk=8,vocab=65"}) == "corrected");
  CHECK(policy_of({"--model", "resnet:20", "--policy", "synthetic"}) == "synthetic");
}

TEST_CASE("Groups and splits resolve to units a group") {
  CHECK(resolve({"--groups", "1"}).options.settings.split == std::vector<int>{6});
  CHECK(resolve({"--split", "4,2"}).options.settings.split == std::vector<int>{4, 2});
  CHECK(resolve({"--groups", "3"}).options.settings.split.size() == 3);
}

TEST_CASE("Epochs become steps of whole batches") {
  CHECK(resolve({"--epochs", "2"}).options.settings.steps == 2 * (50000 / 256));
  CHECK(resolve({"--epochs", "0.5", "--validation", "0.2"}).options.settings.steps == 78);
}

TEST_CASE("Every option that does not fit is named, with what was expected and what to do") {
  CHECK(refusal({"--groups", "7"}) == "--groups: expected at most 6, the units of --model mlp:784-256x5-10, got 7; use "
                                      "fewer groups or a deeper model");
  CHECK(refusal({"--split", "2,2"}).find("--split: expected numbers of units, at least 1 each and 6 in all") == 0);
  CHECK(refusal({"--split", "2,,4"}).find("--split: expected") == 0);
  CHECK(refusal({"--split", "-1,7"}).find("--split: expected") == 0);
  CHECK(refusal({"--model", "cnn:3"}).find("--model: ") == 0);
  CHECK(
    refusal({"--model", "mlp:10-8x2-3"}) ==
    "--model: the data 'digits' has 784 features and 10 classes, but mlp:10-8x2-3 takes 10 and tells 3; use --model "
    "mlp:784-8x2-10");
  CHECK(refusal({"--gradients", "every:0"}).find("--gradients: expected all, every:N") == 0);
  CHECK(refusal({"--gradients", "every:2", "--policy", "corrected"}) ==
        "--gradients: expected all, because --policy corrected needs each of them, or a share whose corrections count "
        "the more; use --correct every:N or --gradients all");
  CHECK(refusal({"--gradients", "above:0.5", "--deterministic"}) ==
        "--gradients: an error is not measured at fixed batches, so above:ERROR excludes --deterministic; use every:N");
  CHECK(refusal({"--gradients", "every:2", "--deterministic"}) == "");
  CHECK(refusal({"--audit", "50"}).find("--audit: expected every:N") == 0);
  CHECK(refusal({"--audit", "every:0"}).find("--audit: expected every:N") == 0);
  CHECK(refusal({"--lag", "3"}).find("--lag: expected --deterministic with it") == 0);
  CHECK(refusal({"--momentum", "0.9"}).find("--momentum: expected --optimizer sgd") == 0);
  CHECK(refusal({"--nesterov"}).find("--nesterov: expected --optimizer sgd and --momentum") == 0);
  CHECK(refusal({"--label-column", "x"}).find("--label-column: expected --data csv:FILE") == 0);
  CHECK(refusal({"--batch", "50001"}).find("--batch: expected at most 50000") == 0);
  CHECK(refusal({"--schedule", "x"}).find("--schedule: ") == 0);
  CHECK(refusal({"--sg", "rige"}).find("--sg: ") == 0);
  CHECK(refusal({"--data", "csv:a#b"}).find("--data: '#'") == 0);
  CHECK(refusal({"--policy", "lucked"}).find("did you mean locked?") != std::string::npos);
}

TEST_CASE("What the library refuses the program refuses before it begins, in the same words") {
  using change = void (*)(training_settings&);
  const auto [arguments, spoil] = GENERATE(table<std::vector<std::string>, change>(
    {{{"--lag", "257", "--deterministic"},
      [](training_settings& s) {
        s.deterministic = true;
        s.lag = 257;
      }},
     {{"--lag", "0", "--deterministic"},
      [](training_settings& s) {
        s.deterministic = true;
        s.lag = 0;
      }},
     {{"--gradients", "every:2", "--policy", "delayed"},
      [](training_settings& s) {
        s.gradients.every = 2;
        s.policy = "delayed";
      }},
     {{"--nesterov"}, [](training_settings& s) { s.optimizer.nesterov = true; }},
     {{"--max-alone", "5", "--local-nodes", "1", "--policy", "locked"},
      [](training_settings& s) {
        s.max_alone = 5;
        s.policy = "locked";
      }},
     {{"--betas", "0.5,0.5", "--optimizer", "sgd"},
      [](training_settings& s) {
        s.optimizer.name = "sgd";
        s.optimizer.beta1 = 0.5f;
        s.optimizer.beta2 = 0.5f;
      }},
     {{"--schedule", "warmup:2000,cosine:0"}, [](training_settings& s) { s.schedule = "warmup:2000,cosine:0"; }},
     {{"--schedule", "0.1:0"}, [](training_settings& s) { s.schedule = "0.1:0"; }}}));
  training_settings settings;
  settings.steps = 2000;
  spoil(settings);
  CAPTURE(arguments.front());
  CHECK_FALSE(check_settings(settings));
  CHECK(refusal(arguments) == "--" + check_settings(settings).message());
}

TEST_CASE("The run.ini of a run resolves to the same settings, and to the same run.ini") {
  const std::vector<std::string> arguments{"--split",
                                           "2,4",
                                           "--policy",
                                           "synthetic",
                                           "--sg",
                                           "lowrank:4",
                                           "--condition",
                                           "none",
                                           "--optimizer",
                                           "sgd",
                                           "--momentum",
                                           "0.9",
                                           "--nesterov",
                                           "--lr",
                                           "0.0123",
                                           "--epochs",
                                           "1.5",
                                           "--lag",
                                           "3",
                                           "--deterministic",
                                           "--audit",
                                           "every:7",
                                           "--gradients",
                                           "every:3",
                                           "--target-error",
                                           "1.25",
                                           "--seed",
                                           "18446744073709551615",
                                           "--eval-every",
                                           "0",
                                           "--schedule",
                                           "none",
                                           "--on-nonfinite",
                                           "skip"};
  auto first = resolve(arguments);
  REQUIRE(first.refusal.empty());
  const auto ini = format_run_ini(train_option_table(first.options), "runs/x");

  const test::temporary_folder folder;
  std::ofstream(folder.file("run.ini")) << ini;
  auto second = resolve({"--config", folder.file("run.ini")});
  REQUIRE(second.refusal.empty());
  CHECK(format_run_ini(train_option_table(second.options), "runs/x") == ini);
  const auto &a = first.options.settings, &b = second.options.settings;
  CHECK(a.split == b.split);
  CHECK(a.learning_rate == b.learning_rate);
  CHECK(a.steps == b.steps);
  CHECK(b.steps == 293);
  CHECK(b.seed == 18446744073709551615u);
  CHECK(b.lag == 3);
  CHECK(b.deterministic);
  CHECK(b.optimizer.nesterov);
  CHECK(b.audit_every == 7);
  CHECK(b.gradients.every == 3);
  CHECK(b.target == metric_target{"error", false, 1.25});
  CHECK(b.evaluate_every == 0);
  CHECK(b.schedule.empty());
  CHECK(b.skip_nonfinite);
  CHECK(!b.synthetic.labels);
}

TEST_CASE("Samples left over at the end of an epoch are told, with what epochs are then") {
  const auto told = [](const std::vector<std::string>& arguments, std::int64_t rows = 60'000) {
    const auto data = data_of(784, 10, rows);
    const auto run = resolve(arguments, data);
    REQUIRE(run.refusal.empty());
    return describe_epochs(run.options, data);
  };
  CHECK(told({"--epochs", "10"}) ==
        "2,340 steps are 10 epochs of 234 batches: 59,904 of 60,000 samples, and the 96 left "
        "over are others in each epoch");
  CHECK(told({"--steps", "2000"}).starts_with("2,000 steps are 8.5 epochs of 234 batches"));
  CHECK(told({"--steps", "300", "--validation", "0.25"}).find("44,800 of 45,000") != std::string::npos);
  CHECK(told({"--batch", "40000", "--steps", "1"}).starts_with("1 step is 1 epoch of 1 batch: 40,000 of 60,000"));
  CHECK(told({"--steps", "233"}).empty());                    // ends before an epoch does
  CHECK(told({"--steps", "2000", "--batch", "250"}).empty()); // nothing is left over
}

TEST_CASE("Options of data that cannot take them are refused") {
  CHECK(refusal({"--delimiter", "tab"}).find("--delimiter: expected --data csv:FILE") == 0);
  CHECK(refusal({"--delimiter", "tab", "--data", "mnist:x"}).find("--delimiter") == 0);
  CHECK(refusal({"--labels", "as-is"}).find("--labels: expected --data csv:FILE or mnist:DIR") == 0);
  CHECK(refusal({"--labels", "renumber", "--data", "mnist:x"}).empty());
  CHECK(resolve({"--delimiter", "\t", "--data", "csv:x"}).options.data.delimiter == "tab");
}
