#include "tools/train/train_options.hpp"

#include "actors/setting_limits.hpp"
#include "runtime/data/csv_preamble.hpp"
#include "runtime/data/data_source.hpp"
#include "runtime/process/process_limits.hpp"
#include "tools/command_line/option_reader.hpp"
#include "tools/train/trace_mode.hpp"

#include <algorithm>
#include <limits>

namespace syngrad::tools {

namespace {

constexpr auto any_count = std::numeric_limits<std::int64_t>::max();
constexpr double unlimited = std::numeric_limits<double>::infinity();
const std::vector<std::string> optimizers{"sgd", "adam", "adamw"};

option_group what_to_train(train_options& o) {
  auto split = text("split", "N,N,...", o.split, "Units in each group, from the input up, instead of --groups: 2,2,2");
  split.get = [&o] { return o.split.empty() ? std::nullopt : std::optional(o.split); };
  auto groups = optional_number("groups", o.groups, 1, 1 << 16,
                                "Layer groups, split evenly by cost. Each is an actor with its own optimizer. "
                                "1 is plain training");
  groups.shown_default = "one a unit";
  return {"What to train",
          {text("model", "MODEL", o.model,
                "mlp:INPUTS-WIDTHxCOUNT-CLASSES: COUNT hidden units of Linear + BatchNorm + ReLU, then one Linear"),
           std::move(groups), std::move(split)}};
}

// Makes a row of a text that is none while it is empty.
option_row optional_text(option_row row, const std::string& target, std::string shown_default) {
  row.get = [&target] { return target.empty() ? std::nullopt : std::optional(target); };
  row.shown_default = std::move(shown_default);
  return row;
}

// Kept by its name: a tab would not survive in an options file.
option_row delimiter_row(train_options& o) {
  auto row = text("delimiter", known_delimiters(), o.delimiter,
                  "What separates the fields of a csv file: a name, or the character itself");
  row.set = [&o](const std::string& value) -> status {
    const auto read = parse_delimiter(value);
    if (!read) return read.failure();
    o.delimiter = delimiter_name(*read);
    return ok();
  };
  return optional_text(std::move(row), o.delimiter, "the comma, or what the first row has instead");
}

option_group what_on(train_options& o) {
  auto column = optional_text(
    text("label-column", "NAME", o.label_column, "The csv column that holds the label: its name or number"),
    o.label_column, "the last");
  auto labels = optional_text(
    choice("labels", o.labels, {"as-is", "renumber"},
           "Classes are numbered from 0. as-is keeps numbers of labels, with outputs for those that are missing; "
           "renumber makes them 0, 1, ... in their order. Names are always numbered"),
    o.labels, "as-is, if they are 0, 1, ... without gaps");
  return {"What to train on",
          {text("data", "DATA", o.data,
                known_data_sources() + ". digits is built in; DIR holds the four IDX files, plain or .gz; where it "
                                       "holds several sets, as EMNIST's, DIR/PREFIX names one"),
           std::move(column), std::move(labels), delimiter_row(o),
           real_number("test-fraction", "FRACTION", o.test_fraction, {0, 1, true, true},
                       "Share of a csv file's rows that is held out for the test"),
           real_number("validation", "FRACTION", o.settings.validation_fraction, {0, 1, false, true},
                       "Share of the training set that is held out too: evaluations and --target then judge on "
                       "it, and the test set only at the end")}};
}

option_group what_for(train_options& o) {
  auto& wanted = o.settings.objective;
  return {"What for",
          {choice("objective", wanted.name, known_objectives(),
                  "cross-entropy: classes, judged by the error. mse: values, judged by the mean squared error"),
           real_number("label-smoothing", "SHARE", wanted.label_smoothing, {0, 1, false, true},
                       "Of cross-entropy: so much of each target is spread evenly over all classes")}};
}

option_group how_groups_update(train_options& o) {
  auto& s = o.settings;
  return {
    "How groups update",
    {choice("policy", s.policy, known_policies(),
            "locked: wait for the true gradient (backpropagation). synthetic: update at once with the predicted "
            "one. corrected: the same, and add what was mispredicted when the truth arrives. delayed: true "
            "gradients, applied whenever they arrive"),
     text("sg", "KIND", s.synthetic.kind,
          "What predicts gradients. ridge[:FORGET]: a linear map solved in closed form; linear, lowrank:R, "
          "mlp:N[xM]: trained by --sg-optimizer",
          check_synthetic_gradient_kind),
     choice("condition", o.condition, {"labels", "none"},
            "What predictors see beside the activation. Without labels, errors grow fast with depth"),
     whole_number("sg-warmup", s.warmup_batches, 0, any_count,
                  "The first N batches run locked and only train the predictors"),
     text("gradients", "WHICH", o.gradients,
          "Which gradients are sent down to train predictors, with --policy synthetic: all, every:N (of every Nth "
          "batch), above:ERROR (of every batch while a predictor's relative error is above ERROR, such as 0.5, "
          "else of every " +
            std::to_string(gradient_demand::seldom) + "th)",
          [](const std::string& value) -> status {
            if (auto read = gradient_demand::parse(value); !read) return read.failure();
            return ok();
          })}};
}

option_group how_weights_move(train_options& o) {
  auto& s = o.settings;
  // Beyond that a step of a gradient that is finite need not be: models/learning_rate.cpp.
  const real_range positive{0, 1e9, true}, not_negative{0, unlimited, false, true};
  return {"How weights move",
          {choice("optimizer", s.optimizer.name, optimizers, "The optimizer of every group"),
           real_number("lr", "RATE", s.learning_rate, positive, "Its learning rate"),
           real_number("momentum", "M", s.optimizer.momentum, {0, 1, false, true}, "Of sgd"),
           flag("nesterov", s.optimizer.nesterov, "Nesterov's form of that momentum"),
           real_number("weight-decay", "D", s.optimizer.weight_decay, not_negative,
                       "Pulls weights towards zero; decoupled from the gradient in adamw"),
           text("lr-decay", "AT:FACTOR,...", o.decay,
                "From AT on (below 1: a share of the run, else a step), multiply the rates by FACTOR; or none"),
           choice("sg-optimizer", s.synthetic.optimizer.name, optimizers, "The optimizer of the predictors"),
           real_number("sg-lr", "RATE", s.synthetic_learning_rate, positive,
                       "The predictors' learning rate; ridge has none")}};
}

option_group how_long(train_options& o) {
  auto epochs =
    optional_real("epochs", "N", o.epochs, {0, 1e9, true},
                  "Passes over the training set, instead of --steps: N times as many steps as whole batches fit into "
                  "it");
  auto every = optional_number("eval-every", o.evaluate_every, 0, std::numeric_limits<int>::max(),
                               "Evaluate every N steps; 0: only at the end");
  every.shown_default = "a tenth of the run";
  auto target = optional_text(
    text("target", "METRIC<=X", o.target,
         "Stop as soon as an evaluation reaches this: error<=2 (%), accuracy>=98 (%), perplexity<=20, loss<=0.1; with "
         "--objective mse: mse<=X, rmse<=X",
         [](const std::string& value) -> status {
           if (auto read = metric_target::parse(value); !read) return read.failure();
           return ok();
         }),
    o.target, "");
  return {"How long",
          {whole_number("batch", o.settings.batch_size, least_batch, most_batch,
                        "Samples a batch. Those that fill no whole batch at the end of an epoch are left out of it; "
                        "every epoch mixes anew, so they are others each time"),
           whole_number("steps", o.settings.steps, 1, any_count, "Batches to train on"), std::move(epochs),
           std::move(every), std::move(target),
           optional_real("target-error", "PERCENT", o.target_error, {0, 100}, "Short for --target error<=PERCENT")}};
}

option_group on_what(train_options& o) {
  return {"On what",
          {device_row(o.devices), place_row(o.devices), precision_row(o.devices), cuda_graphs_row(o.devices)}};
}

option_group how_it_runs(train_options& o) {
  auto& s = o.settings;
  return {
    "How it runs",
    {whole_number("seed", s.seed, "Decides weights, order of the data, and the drawn digits"),
     flag("deterministic", s.deterministic,
          "Same seed, same bytes, whatever the timing and the threads: gradients are applied at fixed delays"),
     optional_number("lag", s.lag, 0, most_lag, "With --deterministic: that delay, in batches, at every interface"),
     whole_number("credits", s.credits, 1, most_credits,
                  "Activations that may wait before a group: more keeps it busy, less keeps gradients fresh"),
     whole_number("threads", s.threads, 1, most_threads,
                  "Threads that run the actors; as many as there are processors for this process (affinity, quota)"),
     whole_number("intra-op", s.intra_op, 1, most_threads, "Threads of one matrix product"),
     text("audit", "every:N", o.audit,
          "Measure what was applied against the true gradient, every Nth batch (costs a backward pass); off"),
     choice(
       "on-nonfinite", o.on_nonfinite, {"stop", "skip"},
       "A NaN or Inf in a loss or gradient: stop and say where, or skip and count it; a run whose batches were all "
       "skipped, or the last hundred, has failed"),
     real_number("hang-after", "SECONDS", s.hang_after_s, {0, 1e9, true},
                 "Without progress for so long, say who waits for whom, save and stop. A process that is stopped, or "
                 "still computes, or whose steps have taken long so far, gets more")}};
}

option_group output(train_options& o) {
  auto run = text("run", "DIR", o.run, "Folder for weights, metrics and summary");
  run.shown_default = "runs/DATE-TIME-POLICY";
  auto config =
    text("config", "FILE", o.config,
         "Read options from FILE, lines NAME = VALUE; the command line wins. The run.ini of a run repeats it");
  auto trace =
    text("trace", "MODE", o.trace,
         "What is recorded of the messages between actors, for syngrad trace: on (everything), sample:N (one "
         "batch in N, whole), flight:SIZE (the last SIZE, such as 64M), off",
         check_trace_mode);
  trace.get = [&o] { return o.trace.empty() ? std::nullopt : std::optional(o.trace); };
  trace.shown_default = "on, for a run short enough for --trace-limit, else a sample";
  return {"Input and output",
          {std::move(run), std::move(trace),
           text("trace-limit", "SIZE", o.trace_limit, "Most that a trace takes on disk; what comes later is not kept",
                [](const std::string& value) -> status {
                  if (auto size = parse_size(value); !size) return size.failure();
                  return ok();
                }),
           choice("keep-best", o.keep_best, {"on", "off"},
                  "Whether the weights of the best evaluation so far are kept beside the last ones, in "
                  "weights.best.safetensors. Of runs in one process; over several there are the last ones only"),
           flag("quiet", o.quiet, "Print the last line of the summary only"), std::move(config),
           flag("help", o.help, "This text")}};
}

} // namespace

train_options::train_options() {
  settings.steps = 2000;
  settings.threads = usable_processors();
}

std::vector<option_group> train_option_table(train_options& target) {
  std::vector<option_group> table{what_to_train(target),     what_on(target),          what_for(target),
                                  how_groups_update(target), how_weights_move(target), how_long(target),
                                  on_what(target),           how_it_runs(target)};
  for (auto& each : cluster_groups(target.cluster)) table.push_back(std::move(each));
  table.push_back(output(target));
  return table;
}

option_reader make_train_option_reader(train_options& target) {
  return option_reader(train_option_table(target),
                       {{"groups", "split"}, {"steps", "epochs"}, {"target", "target-error"}});
}

std::string train_help(const option_reader& reader) {
  return "Usage: syngrad train [OPTION]...\n\n"
         "Trains a network whose layer groups are actors. Each updates as soon as it can, with a gradient that its\n"
         "predictor makes up, instead of waiting for the layers above. Without options: six groups on built-in "
         "digits.\n"
         "Defaults stand in brackets.\n\n" +
         format_option_help(reader.groups()) +
         "Examples:\n"
         "  syngrad train                                        the default run\n"
         "  syngrad train --policy locked                        the same by backpropagation, to compare\n"
         "  syngrad train --data mnist:DIR --steps 6000 --lr-decay 0.6:0.1,0.8:0.1\n"
         "  syngrad train --data csv:iris.csv --model mlp:4-32x2-3 --batch 16 --epochs 50\n"
         "  syngrad train --model mlp:784-256x11-10 --groups 4 --policy corrected --audit every:50\n"
         "  syngrad train --device cuda:0 --precision bf16       on a GPU\n"
         "  syngrad train --local-nodes 3                        over three more processes on this machine\n"
         "  syngrad train --listen HOST:7000 --nodes 2 --tls-cert c.pem --tls-key c-key.pem --tls-ca ca.pem\n"
         "  syngrad train --config runs/NAME/run.ini --seed 2    a run repeated with another seed\n\n"
         "Signals: Ctrl-C, SIGTERM, SIGHUP and their like save the weights at once and end the run in order; a second\n"
         "one stops it. SIGUSR1 saves the weights, and the run goes on.\n"
         "Exit status: 0 done, 1 failed while running, 2 bad usage, 130 interrupted (weights are saved).\n";
}

} // namespace syngrad::tools
