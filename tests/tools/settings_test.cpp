// Every setting of a run: as an option, in run.ini, in a node's order and in the library, it is the same.
#include "actors/distributed/control_messages.hpp"
#include "actors/run_check.hpp"
#include "actors/setting_schema.hpp"
#include "tests/runtime/io/temporary_folder.hpp"
#include "tests/support/catch.hpp"
#include "tools/command_line/option_reader.hpp"
#include "tools/train/train_options.hpp"

#include <cmath>
#include <fstream>
#include <limits>
#include <set>

using namespace syngrad;
using namespace syngrad::tools;

namespace {

// A text that is refused; `put` gives a variable the value that has this text, where there is one.
struct beyond {
  std::string text;
  void (*put)(run_settings&) = nullptr;
};

struct tried {
  std::string name;
  std::vector<std::string> good; // both ends of the range, or the choices; the first is not the default
  std::vector<beyond> bad;
};

constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
constexpr float tiny = std::numeric_limits<float>::denorm_min();
constexpr double tiny_double = std::numeric_limits<double>::denorm_min();
constexpr float inf = std::numeric_limits<float>::infinity();
const std::string most_text = std::to_string(most);

float above(float value) {
  return std::nextafter(value, inf);
}

const std::vector<tried>& table() {
  using r = run_settings;
  static const std::vector<tried> all{
    {"model", {"mlp:4-8x2-3", "mlp:784-256x5-10"}, {}},
    {"split", {"65536", "1,2,3"}, {{"65537", [](r& s) { s.split = {65537}; }}, {"2,,2"}, {"x"}}},
    {"validation",
     {"0.9999999999999999", "0"},
     {{"1", [](r& s) { s.validation_fraction = 1; }},
      {"-5e-324", [](r& s) { s.validation_fraction = -tiny_double; }},
      {"nan", [](r& s) { s.validation_fraction = std::nan(""); }}}},
    {"augment",
     {"crop:4,flip", "crop:4096", "flip"},
     {{"crop:0"}, {"crop:4097"}, {"flip,flip"}, {"crop:1,crop:1"}, {"turn"}}},
    {"windows", {"continuing", "random"}, {{"any"}}},
    {"unroll", {"dni", "dni:3", "truncated"}, {{"dni:-1"}, {"full"}}},
    {"objective", {"mse", "cross-entropy"}, {{"mze", [](r& s) { s.objective.name = "mze"; }}}},
    {"label-smoothing",
     {"0.99999994", "0"},
     {{"1", [](r& s) { s.objective.label_smoothing = 1; }},
      {"-1e-45", [](r& s) { s.objective.label_smoothing = -tiny; }}}},
    {"policy",
     {"locked", "synthetic", "corrected", "delayed", "pipeline"},
     {{"lucked", [](r& s) { s.policy = "lucked"; }}}},
    {"pipeline-schedule",
     {"gpipe", "1f1b", "interleaved:2", "interleaved:1024", "zero-bubble", "zero-bubble:h2"},
     {{"interleaved:1",
       [](r& s) {
         s.pipeline = {pipeline_schedule::kind::interleaved, 1};
       }},
      {"interleaved:1025",
       [](r& s) {
         s.pipeline = {pipeline_schedule::kind::interleaved, 1025};
       }},
      {"zb"}}},
    {"micro-batches",
     {"1", std::to_string(most_batch)},
     {{"0", [](r& s) { s.micro_batches = 0; }},
      {std::to_string(most_batch + 1), [](r& s) { s.micro_batches = most_batch + 1; }}}},
    {"local-head",
     {"mlp:64", "mlp:65536", "early-exit", "linear"},
     {{"mlp:0",
       [](r& s) {
         s.local_head = {local_head_choice::form::mlp, 0};
       }},
      {"mlp:65537"},
      {"exit"}}},
    {"sg", {"linear", "ridge", "mlp:8x2"}, {{"rige", [](r& s) { s.synthetic.kind = "rige"; }}}},
    {"condition", {"none", "labels"}, {{"label"}}},
    {"sg-rows", {"128", "0"}, {{"-1", [](r& s) { s.synthetic.rows = -1; }}}},
    {"residual-weight", {"0", "0.2", "auto"}, {{"1.5", [](r& s) { s.residual_weight.fixed = 1.5f; }}, {"automatic"}}},
    {"correct",
     {"every:4", "p:0.25", "all"},
     {{"every:0", [](r& s) { s.correct.every = 0; }}, {"p:1", [](r& s) { s.correct.probability = 1; }}, {"above:0.5"}}},
    {"correct-rows",
     {"64:loss", "1:uniform", "all"},
     {{"-1:loss", [](r& s) { s.corrected.samples = -1; }}, {"0"}, {"64:often"}, {"64:"}}},
    {"gate",
     {"predict:0.9,wait:0.1,bias:0.5,norms:2", "predict:0.8,wait:0.2,bias:0.5,norms:2"},
     {{"predict:0.1,wait:0.2,bias:0.5,norms:2", [](r& s) { s.gate.predict = 0.1; }}, {"open"}}},
    {"target-mix", {"0.5", "1", "0"}, {{"1.5", [](r& s) { s.target_mix = 1.5f; }}, {"half"}}},
    {"sg-warmup", {most_text, "0"}, {{"-1", [](r& s) { s.warmup_batches = -1; }}}},
    {"weights", {"stash", "current"}, {{"latest"}}},
    {"update",
     {"every:65536", "every:1"},
     {{"every:0", [](r& s) { s.update_batches = 0; }},
      {"every:65537", [](r& s) { s.update_batches = 65537; }},
      {"12"}}},
    {"error-feedback", {"true", "false"}, {{"on"}}},
    {"gradients",
     {"every:2", "p:0.5", "above:0.5", "all"},
     {{"every:0", [](r& s) { s.gradients.every = 0; }}, {"above:1", [](r& s) { s.gradients.above = 1; }}, {"some"}}},
    {"lr",
     {"1e-45", "1e+09"},
     {{"0", [](r& s) { s.learning_rate = 0; }},
      {"1000000064", [](r& s) { s.learning_rate = above(1e9f); }},
      {"nan", [](r& s) { s.learning_rate = std::nanf(""); }}}},
    {"sg-lr",
     {"1e-45", "1e+09"},
     {{"0", [](r& s) { s.synthetic_learning_rate = 0; }},
      {"1000000064", [](r& s) { s.synthetic_learning_rate = above(1e9f); }}}},
    {"schedule",
     {"warmup:10,cosine:0.1,0.5:0.1", "none"},
     {{"1f1b"}, {"half", [](r& s) { s.schedule = "half"; }}, {"cosine:2", [](r& s) { s.schedule = "cosine:2"; }}}},
    {"clip-norm",
     {"1e-45", "3.4028235e+38", "0"},
     {{"-1e-45", [](r& s) { s.clip_norm = -tiny; }},
      {"inf", [](r& s) { s.clip_norm = inf; }},
      {"nan", [](r& s) { s.clip_norm = std::nanf(""); }}}},
    {"batch",
     {std::to_string(least_batch), std::to_string(most_batch)},
     {{std::to_string(least_batch - 1), [](r& s) { s.batch_size = least_batch - 1; }},
      {std::to_string(most_batch + 1), [](r& s) { s.batch_size = most_batch + 1; }}}},
    {"steps", {"1", most_text}, {{"0", [](r& s) { s.steps = 0; }}, {"9223372036854775808"}, {"1e3"}}},
    {"eval-every", {"0", most_text}, {{"-1", [](r& s) { s.evaluate_every = -1; }}}},
    {"eval-seconds", {"0.25", "1e+09", "0"}, {{"-5e-324", [](r& s) { s.evaluate_every_s = -tiny_double; }}}},
    {"for", {"5e-324", "1e+09"}, {{"0", [](r& s) { s.time_limit_s = 0; }}}},
    {"eval-samples", {most_text, "0"}, {{"-1", [](r& s) { s.evaluate_samples = -1; }}, {"half"}}},
    {"target",
     {"error<=2", "accuracy>=98.5"},
     {{"error<=inf",
       [](r& s) {
         s.target = metric_target{"error", false, double{inf}};
       }},
      {"error<2"}}},
    {"seed", {"0", "18446744073709551615"}, {{"-1"}, {"18446744073709551616"}}},
    {"deterministic", {"true", "false"}, {{"yes"}}},
    {"lag", {"0", "256"}, {{"-1", [](r& s) { s.lag = -1; }}, {"257", [](r& s) { s.lag = 257; }}}},
    {"link",
     {"delay@1:50ms,rate@*:10MB/s,jitter@0:1..20ms,loss@2:1%", "delay@0:3b"},
     {{"delay@1"}, {"delay@1:61s"}, {"loss@1:51%"}}},
    {"credits", {"1", "65536"}, {{"0", [](r& s) { s.credits = 0; }}, {"65537", [](r& s) { s.credits = 65537; }}}},
    {"threads", {"4096", "1"}, {{"0", [](r& s) { s.threads = 0; }}, {"4097", [](r& s) { s.threads = 4097; }}}},
    {"intra-op", {"4096", "1"}, {{"0", [](r& s) { s.intra_op = 0; }}, {"4097", [](r& s) { s.intra_op = 4097; }}}},
    {"audit",
     {"every:1", "every:" + most_text, "off"},
     {{"every:-1", [](r& s) { s.audit_every = -1; }}, {"every:0"}, {"10"}}},
    {"on-nonfinite", {"skip", "stop"}, {{"ignore"}}},
    {"hang-after",
     {"0", "1e+09"},
     {{"-5e-324", [](r& s) { s.hang_after_s = -tiny_double; }},
      {"1000000000.0000001", [](r& s) { s.hang_after_s = std::nextafter(1e9, 2e9); }}}},
    {"max-alone", {"0", most_text}, {{"-1", [](r& s) { s.max_alone = -1; }}}},
    {"precision", {"tf32", "bf16", "f32"}, {{"f16", [](r& s) { s.precision = "f16"; }}}},
    {"recompute", {"true", "false"}, {{"on"}}},
    {"cuda-graphs", {"on", "off"}, {{"true"}}},
    {"wire",
     {"bf16", "int8", "rank:8", "int8,rank:auto", "f32"},
     {{"f16", [](r& s) { s.wire = "f16"; }}, {"rank:0"}, {"rank:auto,bf16"}}},
    {"trace",
     {"on", "off", "sample:2147483648", "flight:1M"},
     {{"sample:0", [](r& s) { s.trace = "sample:0"; }}, {"flight:1", [](r& s) { s.trace = "flight:1"; }}}},
    {"trace-limit",
     {"1", "1024G"},
     {{"0", [](r& s) { s.trace_limit = "0"; }}, {"1025G", [](r& s) { s.trace_limit = "1025G"; }}}},
    {"optimizer",
     {"sgd", "adam", "adamw", "adam8bit", "adafactor", "nadam", "lion", "muon"},
     {{"rmsprop", [](r& s) { s.optimizer.name = "rmsprop"; }}}},
    {"momentum",
     {"0.99999994", "0"},
     {{"1", [](r& s) { s.optimizer.momentum = 1; }}, {"-1e-45", [](r& s) { s.optimizer.momentum = -tiny; }}}},
    {"nesterov", {"true", "false"}, {{"no"}}},
    {"weight-decay",
     {"3.4028235e+38", "0"},
     {{"inf", [](r& s) { s.optimizer.weight_decay = inf; }},
      {"-1e-45", [](r& s) { s.optimizer.weight_decay = -tiny; }}}},
    {"betas",
     {"0,0", "0.99999994,0.99999994", "0.9,0.95"},
     {{"1,0.999", [](r& s) { s.optimizer.beta1 = 1; }},
      {"-1e-45,0.999", [](r& s) { s.optimizer.beta1 = -tiny; }},
      {"0.9,1", [](r& s) { s.optimizer.beta2 = 1; }},
      {"0.9,-1e-45", [](r& s) { s.optimizer.beta2 = -tiny; }},
      {"0.9"},
      {"0.9,0.95,0.99"},
      {"0.9;0.95"}}},
    {"epsilon",
     {"1e-45", "3.4028235e+38"},
     {{"0", [](r& s) { s.optimizer.epsilon = 0; }}, {"inf", [](r& s) { s.optimizer.epsilon = inf; }}}},
    {"adam-ratio",
     {"1e-45", "3.4028235e+38", "0"},
     {{"-1e-45", [](r& s) { s.optimizer.adam_ratio = -tiny; }}, {"inf", [](r& s) { s.optimizer.adam_ratio = inf; }}}},
    {"muon-every", {"5", most_text, "1"}, {{"0", [](r& s) { s.optimizer.muon_every = 0; }}}},
    {"relative-steps", {"true", "false"}, {{"no"}}},
    {"sg-relative-steps", {"true", "false"}, {{"no"}}},
    {"momentum-by-delay", {"true", "false"}, {{"no"}}},
    {"delay-lr", {"true", "false"}, {{"no"}}},
    {"moments", {"bf16", "f32"}, {{"f16", [](r& s) { s.optimizer.moments = "f16"; }}}},
    {"sg-moments", {"bf16", "f32"}, {{"f16", [](r& s) { s.synthetic.optimizer.moments = "f16"; }}}},
    {"sg-muon-every", {"5", "1"}, {{"0", [](r& s) { s.synthetic.optimizer.muon_every = 0; }}}},
    {"sg-adam-ratio", {"0.5", "0.05"}, {{"inf", [](r& s) { s.synthetic.optimizer.adam_ratio = inf; }}}},
    {"sg-optimizer",
     {"sgd", "adamw", "adam8bit", "adafactor", "nadam", "lion", "muon", "adam"},
     {{"x", [](r& s) { s.synthetic.optimizer.name = "x"; }}}},
    {"sg-momentum", {"0.99999994", "0"}, {{"1", [](r& s) { s.synthetic.optimizer.momentum = 1; }}}},
    {"sg-nesterov", {"true", "false"}, {{"no"}}},
    {"sg-weight-decay", {"3.4028235e+38", "0"}, {{"inf", [](r& s) { s.synthetic.optimizer.weight_decay = inf; }}}},
    {"sg-betas",
     {"0,0", "0.99999994,0.99999994"},
     {{"1,0.999", [](r& s) { s.synthetic.optimizer.beta1 = 1; }},
      {"0.9,1", [](r& s) { s.synthetic.optimizer.beta2 = 1; }}}},
    {"sg-epsilon", {"1e-45", "3.4028235e+38"}, {{"0", [](r& s) { s.synthetic.optimizer.epsilon = 0; }}}},
  };
  return all;
}

const setting& named(const std::vector<setting>& schema, const std::string& name) {
  const auto found = std::find_if(schema.begin(), schema.end(), [&](const auto& each) { return each.name == name; });
  REQUIRE(found != schema.end());
  return *found;
}

// What a node makes of an order with these settings.
result<run_settings> through_an_order(const std::vector<setting_text>& texts) {
  run_order order;
  order.settings = texts;
  const auto arrived = decode<run_order>(encode(order));
  REQUIRE(arrived);
  return settings_of(arrived->settings);
}

std::vector<setting_text> usual_order_with(const std::string& name, const std::string& value) {
  auto texts = texts_of(run_settings());
  std::erase_if(texts, [&](const auto& each) { return each.name == name; });
  texts.push_back({name, value});
  return texts;
}

std::string command_line_fault(const std::vector<std::string>& arguments) {
  train_options options;
  auto reader = make_train_option_reader(options);
  const auto read = reader.read(arguments);
  return read ? "" : read.message();
}

std::string run_ini_fault(const std::string& line) {
  const test::temporary_folder folder;
  const auto path = folder.file("run.ini");
  std::ofstream(path) << line << '\n';
  const auto fault = command_line_fault({"--config", path});
  return fault.starts_with(path + ":1: ") ? fault.substr(path.size() + 4) : fault;
}

} // namespace

TEST_CASE("what is tried here are all the settings that there are, each once") {
  std::multiset<std::string> here, there;
  for (const auto& each : table()) here.insert(each.name);
  for (const auto& each : setting_schema()) there.insert(each.name);
  CHECK(here == there);
}

TEST_CASE("each setting goes from text to value to text, and through the bytes of an order") {
  const auto schema = setting_schema();
  for (const auto& [name, good, bad] : table())
    for (const auto& text : good) {
      CAPTURE(name, text);
      const auto& of = named(schema, name);
      run_settings settings;
      REQUIRE(of.read(settings, text));
      REQUIRE(of.text(settings) == text);
      const auto arrived = through_an_order(texts_of(settings));
      REQUIRE(arrived);
      REQUIRE(of.text(*arrived) == text);
      REQUIRE(texts_of(*arrived) == texts_of(settings));
    }
}

TEST_CASE("both ends of what a setting may be are taken as an option, in run.ini, in an order and by the library") {
  const auto schema = setting_schema();
  for (const auto& [name, good, bad] : table())
    for (const auto& text : good) {
      CAPTURE(name, text);
      const auto& of = named(schema, name);
      run_settings settings;
      REQUIRE(of.read(settings, text));
      CHECK(check_values(settings));
      CHECK(through_an_order(usual_order_with(name, text)));
      if (!of.is_option) continue;
      CHECK(command_line_fault({"--" + name + "=" + text}) == "");
      CHECK(run_ini_fault(name + " = " + text) == "");
    }
}

TEST_CASE("one beyond is refused in the same words as an option, in run.ini, in an order and by the library") {
  const std::set<std::string> of_a_whole_run{"model", "precision", "wire", "trace", "trace-limit"};
  const auto schema = setting_schema();
  for (const auto& [name, good, bad] : table())
    for (const auto& [text, put] : bad) {
      CAPTURE(name, text);
      const auto& of = named(schema, name);
      run_settings settings;
      const auto before = texts_of(settings);
      const auto refused = of.read(settings, text);
      REQUIRE_FALSE(refused);
      CHECK(texts_of(settings) == before);
      const auto words = name + ": " + refused.message();
      CHECK(words.find("'" + text + "'") != std::string::npos);
      const auto ordered = through_an_order(usual_order_with(name, text));
      CHECK((ordered ? "" : ordered.message()) == words);
      if (of.is_option) {
        CHECK(command_line_fault({"--" + name + "=" + text}) == "--" + words);
        CHECK(run_ini_fault(name + " = " + text) == words);
      }
      if (!put) continue;
      put(settings);
      CHECK(check_values(settings).message() == words);
      if (!of_a_whole_run.contains(name)) CHECK(check_settings(settings).message() == words);
    }
}

TEST_CASE("no setting is missing from run.ini, nor from the order of a node") {
  const auto schema = setting_schema();
  for (const auto& [name, good, bad] : table()) {
    CAPTURE(name);
    const auto& of = named(schema, name);
    train_options options;
    REQUIRE(of.read(options.settings, good.front()));
    REQUIRE(good.front() != of.text(train_options().settings)); // so that what is written is not the default
    if (of.is_option) {
      const auto ini = format_run_ini(train_option_table(options), "runs/x");
      CHECK(ini.find("\n" + name + " = " + good.front() + "\n") != std::string::npos);
    }
    const auto arrived = through_an_order(texts_of(options.settings));
    REQUIRE(arrived);
    CHECK(of.text(*arrived) == good.front());
  }
}

TEST_CASE("an order with a setting too many, twice, or too few is refused with its name") {
  auto texts = texts_of(run_settings());
  const auto fault = [](const std::vector<setting_text>& of) {
    const auto read = settings_of(of);
    return read ? "" : read.message();
  };
  CHECK(fault(texts) == "");
  texts.push_back({"colour", "red"});
  CHECK(fault(texts).starts_with("the setting 'colour' is not known"));
  texts.back() = texts.front();
  CHECK(fault(texts).starts_with("the setting '" + texts.front().name + "' came twice"));
  texts.pop_back();
  std::erase_if(texts, [](const auto& each) { return each.name == "steps"; });
  CHECK(fault(texts).starts_with("the setting 'steps' is missing"));
}
