#include "tools/train/train_options.hpp"

#include "runtime/process/process_limits.hpp"
#include "tools/command_line/option_reader.hpp"

namespace syngrad::tools {

namespace {

// "N" steps, or "Ts" seconds.
option_row checkpoint_every_row(training_settings& s) {
  auto row = option_row{"checkpoint-every", "N|Ts",
                        "Saves the state of the run in its folder after every N steps, or T seconds (60s): --resume "
                        "goes on from it. Ctrl-C and SIGUSR1 save it too; 0: they alone",
                        [&s](const std::string& value) -> status {
                          const bool by_time = value.ends_with('s');
                          if (by_time) {
                            const auto read = read_real(value.substr(0, value.size() - 1), {0, 1e9, true});
                            if (!read) return read.failure();
                            s.checkpoint_every = 0;
                            s.checkpoint_every_s = *read;
                            return ok();
                          }
                          const auto read = read_whole(value, {0, std::int64_t{1} << 40});
                          if (!read) return error::setting(read.message() + ", or seconds such as 60s");
                          s.checkpoint_every = *read;
                          s.checkpoint_every_s = 0;
                          return ok();
                        },
                        [&s]() -> std::optional<std::string> {
                          if (s.checkpoint_every_s > 0) return format_real(s.checkpoint_every_s) + "s";
                          return std::to_string(s.checkpoint_every);
                        }};
  return row;
}

option_group what_to_train(train_options& o) {
  auto& s = o.settings;
  auto groups = optional_number("groups", o.groups, 1, 1 << 16,
                                "Layer groups, split evenly by cost. Each is an actor with its own optimizer. "
                                "1 is plain training");
  groups.shown_default = "one a unit";
  return {"What to train",
          {setting_row(
             s, "model",
             "A kind of network with its sizes, such as mlp:INPUTS-WIDTHxCOUNT-CLASSES, cnn:..., resnet:20 or "
             "gpt:4x64, or FILE.json with units of layers. `syngrad models` lists the kinds, `syngrad models MODEL` "
             "shows one"),
           std::move(groups),
           setting_row(s, "split", "Units in each group, from the input up, instead of --groups: 2,2,2")}};
}

option_group what_on(train_options& o) {
  auto rows = data_rows(o.data);
  rows.push_back(setting_row(o.settings, "augment",
                             "Training images differ each time: crop:N moves them by up to N pixels in each direction, "
                             "flip mirrors every other one. Drawn by the seed; a thread of its own prepares them",
                             "none"));
  rows.push_back(setting_row(o.settings, "windows",
                             "Of a text, where a sample begins: random places, or continuing where the same row of the "
                             "batch before ended, as networks that carry a state on want it"));
  rows.push_back(setting_row(o.settings, "unroll",
                             "Of a recurrent network, what comes after a chunk of a text: truncated takes its gradient "
                             "for zero; dni predicts it, from the state at the chunk's end and from as many TARGETS of "
                             "what follows (4, or as many as have 512 classes in all), after --sg-warmup batches or, "
                             "where that is 0, a fifth of the steps"));
  rows.push_back(setting_row(o.settings, "validation",
                             "Share of the training set that is held out too: evaluations and --target then judge on "
                             "it, and the test set only at the end"));
  return {"What to train on", std::move(rows)};
}

option_group what_for(train_options& o) {
  auto& s = o.settings;
  return {
    "What for",
    {setting_row(
       s, "objective",
       "cross-entropy: classes, judged by the error, or tokens of a text, judged by the perplexity. mse: values, "
       "judged by the mean squared error"),
     setting_row(s, "label-smoothing", "Of cross-entropy: so much of each target is spread evenly over all classes")}};
}

option_group how_groups_update(train_options& o) {
  auto& s = o.settings;
  return {
    "How groups update",
    {setting_row(
       s, "policy",
       "locked: wait for the true gradient (backpropagation). synthetic: update at once with the predicted "
       "one. corrected: the same, and add what was mispredicted when the truth arrives. gated: one of the two, "
       "or wait for the gradient, as well as each interface's predictions agree with what it receives. "
       "delayed: true gradients, applied whenever they arrive. local: each group learns from a classifier of its own, "
       "and "
       "nothing is sent down. pipeline: true gradients, of micro-batches that follow each other through the "
       "groups, and one update of them all: that of locked",
       "synthetic; corrected for images and recurrent networks"),
     setting_row(s, "pipeline-schedule",
                 "Of --policy pipeline, in which order a group goes forward and back. gpipe: forward with all, then "
                 "back. 1f1b: back as soon as can be; holds fewest. interleaved:V: V groups that are no neighbours for "
                 "each worker (a node, a device), for shorter waits. zero-bubble: 1f1b, with weights' gradients made "
                 "while it waits; zero-bubble:h2: the same with twice as many in flight, for hardly any waits. All "
                 "train the same weights, bit for bit"),
     setting_row(
       s, "micro-batches",
       "Of --policy pipeline: so many parts of each --batch, of as many samples each as can be, the first "
       "ones of one more. More of them leave groups less idle and make products smaller; batch norm takes its "
       "statistics of each",
       "twice the groups"),
     setting_row(s, "local-head",
                 "What each group's own loss is of, with --policy local: linear, a linear classifier of what the group "
                 "gives; mlp:N, one with a hidden layer of N units; early-exit, a linear map to the one-hot labels, "
                 "solved in closed form, without a rate"),
     setting_row(
       s, "sg",
       "What predicts gradients. ridge[:FORGET]: a linear map solved in closed form; exit: such a map of what "
       "a local classifier gets wrong, added to its gradient; head: that classifier's own gradient, head:mlp:N and "
       "head:early-exit those of --local-head; linear, lowrank:R, "
       "mlp:N[xM]: "
       "trained by --sg-optimizer; zero: nothing, groups below the top learn nothing, to compare with. auto: by "
       "--local-head with "
       "--policy local, ridge for vectors, else exit"),
     setting_row(s, "condition",
                 "What predictors see beside the activation. Without labels, errors grow fast with depth"),
     setting_row(s, "sg-rows",
                 "Predictors train on so many rows of each batch, others each time, and remember as many rows "
                 "as they would of whole batches; 0: on all"),
     setting_row(s, "sg-warmup", "The first N batches run locked and only train the predictors"),
     setting_row(
       s, "residual-weight",
       "Of what was mispredicted, when --policy corrected or gated adds it: 1 in full. About 0.2 where it comes late "
       "and "
       "Adam scales it, as in transformers. auto: by how many updates late it comes at each interface, and how "
       "well predictions agree there"),
     setting_row(
       s, "correct",
       "With --policy corrected: of which batches true gradients travel back, every:N (each Nth) or p:P (each with "
       "this "
       "probability, drawn by the seed). What was mispredicted in those counts N or 1/P times, so that the expectation "
       "is the whole correction; predictors learn from those alone"),
     setting_row(
       s, "correct-rows",
       "With --policy corrected: true gradients travel back for N samples of each batch, and correct what was "
       "mispredicted for those, weighted so that the expectation is the whole correction; predictors learn from those "
       "alone. loss: mostly those "
       "that the loss is large for; uniform: any. Costs fewer multiply-adds and fewer bytes; all: every "
       "sample"),
     setting_row(s, "weights",
                 "What a backward pass of --policy delayed reads: current weights, or with stash those of the batch's "
                 "forward pass, a copy for each batch in flight (PipeDream)"),
     setting_row(s, "update",
                 "With --policy delayed: gradients of M batches make an update, and passes read the weights of one "
                 "update before, so that gradients come one update late in every group (PipeDream-2BW). M is at least "
                 "the number of groups; --batch is what one of the M has"),
     setting_row(s, "error-feedback",
                 "With --policy delayed: what a late update got wrong, as the gradient of the weights that it changed "
                 "tells later, is added to a later one (arXiv 2606.30634). For short delays, as with --update every:M"),
     setting_row(s, "gate",
                 "With --policy gated: predict:COS, an interface updates with predictions alone above this cosine with "
                 "what it receives, while their bias is below bias:B (1: that of independent errors as large as the "
                 "gradient); wait:COS, below this it waits for gradients, or where predictions are more than norms:R "
                 "times as large; between, it corrects. A bound that is left out is as usual"),
     setting_row(
       s, "target-mix",
       "With --policy synthetic: predictors learn from what comes of L parts of the gradient received and 1 - "
       "L parts of the prediction (BP(lambda)); 0: the prediction alone, at once; 1: true gradients. Above "
       "0 targets come as late as true gradients, and a step costs one more backward pass to the input"),
     setting_row(s, "gradients",
                 "Which gradients are sent down to train predictors, with --policy synthetic: all, every:N (of every "
                 "Nth batch), p:P (of each with this probability), above:ERROR (of every batch while a predictor's "
                 "relative error is above ERROR, such as "
                 "0.5, else of every " +
                   std::to_string(gradient_demand::seldom) + "th)")}};
}

option_group how_weights_move(train_options& o) {
  auto& s = o.settings;
  return {
    "How weights move",
    {setting_row(s, "optimizer", "The optimizer of every group"),
     setting_row(s, "lr", "Its learning rate", "muon 0.02, adafactor 0.01, lion 1e-4, others 1e-3"),
     setting_row(s, "momentum", "Of sgd"), setting_row(s, "nesterov", "Nesterov's form of that momentum"),
     setting_row(s, "betas",
                 "Of all but sgd and adafactor: what the means of gradients and of their squares keep at each step, of "
                 "lion the mean "
                 "that moves and the one "
                 "that is kept",
                 "0.9,0.999, lion 0.9,0.99"),
     setting_row(s, "epsilon",
                 "Of all but sgd, lion and adafactor: what is added to the root that the step divides by"),
     setting_row(s, "adam-ratio",
                 "Of muon, which trains embeddings, biases, norms and the last weight by adamw: the rate of those, as "
                 "a part of --lr"),
     setting_row(s, "muon-every",
                 "Of muon: what makes directions orthogonal is made at every Nth step, by some two and a half products "
                 "of a layer's size, "
                 "and used for those between, which then cost one product instead of 15"),
     setting_row(s, "momentum-by-delay",
                 "Of nadam, with --policy delayed: the first of --betas rises with a group's delay, to 0.99 at the "
                 "bottom (Ajanthan et al., arXiv 2505.01099)"),
     setting_row(s, "delay-lr",
                 "With --policy delayed: a group's rate is divided by the updates that its gradients come late, at "
                 "first wholly and from a quarter of --steps on no more (PipeMare, arXiv 1910.05124)"),
     setting_row(s, "relative-steps", "Of adafactor: the rate is at most 1 / sqrt(step), as in PyTorch"),
     setting_row(s, "moments",
                 "What the means of gradients and of their squares are kept in, and momentum: bf16 takes half the "
                 "memory, rounded up or down at random so that small changes add up; --optimizer adam8bit has a "
                 "quarter of adam's"),
     setting_row(s, "weight-decay",
                 "Pulls weights towards zero, but not biases, norms and embeddings; decoupled from the gradient in "
                 "all but sgd and adam"),
     setting_row(
       s, "schedule",
       "What multiplies the rates, by the run's step: warmup:N (a rise from none over N steps), cosine:SHARE "
       "(then down to SHARE of the rate at the last of --steps or --epochs, whatever ends the run before), "
       "AT:FACTOR (from step AT on), several with commas between, or none. N or AT below 1: a share of the "
       "steps. Predictors' rates too, by the batches that each has learnt from, but not those of exit and head"),
     setting_row(s, "clip-norm",
                 "Scales the gradient of a group's parameters, a mean over the batch, down to this norm where it is "
                 "larger; 0: never. Each group by itself, predictors not"),
     setting_row(s, "sg-optimizer", "The optimizer of the predictors"),
     setting_row(s, "sg-lr", "The predictors' learning rate; ridge has none, that of exit is its classifier's")}};
}

option_group how_long(train_options& o) {
  auto epochs =
    optional_real("epochs", "N", o.epochs, {0, 1e9, true},
                  "Passes over the training set, instead of --steps: N times as many steps as whole batches fit into "
                  "it");
  auto& s = o.settings;
  return {
    "How long",
    {setting_row(s, "batch",
                 "Samples a batch. Those that fill no whole batch at the end of an epoch are left out of it; "
                 "every epoch mixes anew, so they are others each time"),
     setting_row(s, "steps", "Batches to train on"), std::move(epochs),
     setting_row(s, "eval-every", "Evaluate every N steps; 0: only at the end",
                 "a tenth of the run, or 0 with --eval-seconds"),
     setting_row(s, "eval-seconds", "Evaluate after so many seconds of training, again and again; 0: not by time"),
     setting_row(s, "for",
                 "End after so many seconds of training, evaluations not counted, where --steps do not end it "
                 "before. Shares of steps in --schedule stay those of --steps",
                 "no limit"),
     setting_row(s, "eval-samples",
                 "Evaluate on at most so many of the samples that are held out (of a text: windows), evenly "
                 "spread, or with --windows continuing the first of each row of a batch; 0: on all. That holds "
                 "for the last evaluations, too"),
     setting_row(s, "target",
                 "Stop as soon as an evaluation reaches this: error<=2 (%), accuracy>=98 (%), perplexity<=20, "
                 "loss<=0.1; with --objective mse: mse<=X, rmse<=X"),
     optional_real("target-error", "PERCENT", o.target_error, {0, 100}, "Short for --target error<=PERCENT")}};
}

option_group on_what(train_options& o) {
  return {
    "On what",
    {device_row(o.devices), place_row(o.devices), setting_row(o.settings, "precision", precision_help),
     setting_row(o.settings, "cuda-graphs", cuda_graphs_help),
     setting_row(o.settings, "recompute",
                 "Saves memory: a group that waits for a batch's gradient keeps the batch's input only, and makes "
                 "its forward pass again, for a third more work. Weights are the same, bit for bit. With "
                 "--policy delayed or corrected each batch in flight keeps the weights that it has seen instead: "
                 "`syngrad memory` tells whether that is less")}};
}

option_group how_it_runs(train_options& o) {
  auto& s = o.settings;
  return {
    "How it runs",
    {setting_row(s, "seed", "Decides weights, order of the data, and the drawn digits"),
     setting_row(s, "deterministic",
                 "Same seed, same bytes, whatever the timing and the threads: gradients are applied at fixed delays"),
     setting_row(s, "lag", "With --deterministic: that delay, in batches, at every interface"),
     setting_row(
       s, "link",
       "Lets messages between groups of this process take the time of a network. Terms KIND@INTERFACE:VALUE with "
       "commas "
       "between; interface i lies between groups i and i+1, * is all others. delay@1:50ms: on the way, in each "
       "direction; jitter@*:1..20ms: more than that, drawn by the seed; rate@1:10MB/s: of each direction, the bytes of "
       "tensors pass one after the other; loss@2:1%: of the messages, each comes a round trip later, for it is sent "
       "again. Nothing vanishes or overtakes. With --deterministic delay@1:3b: gradients come 3 batches later",
       "none"),
     setting_row(
       s, "credits",
       "Activations that may wait before a group: more keeps it busy, also where a --link is slow, less keeps "
       "gradients fresh"),
     setting_row(s, "threads",
                 "Threads that run the actors; as many as there are processors for this process (affinity, quota)"),
     setting_row(s, "intra-op", "Threads of one matrix product"),
     setting_row(s, "audit",
                 "Measure what was applied against the true gradient, every Nth batch (costs a backward pass); off"),
     setting_row(
       s, "on-nonfinite",
       "A NaN or Inf in a loss or gradient: stop and say where, or skip and count it; a run whose batches were all "
       "skipped, or the last hundred, has failed"),
     setting_row(s, "hang-after",
                 "Without progress for so long, say who waits for whom, save and stop. A process that is stopped, or "
                 "still computes, or whose steps have taken long so far, gets more")}};
}

option_group checkpoints(train_options& o) {
  auto resume = text("resume", "RUN", o.resume,
                     "Goes on with a run, in its folder, where its newest whole checkpoint is, with the options of its "
                     "run.ini; --steps, --groups, --threads and others may be given anew. RUN may be one checkpoint, "
                     "RUN/checkpoints/step-N, too");
  resume.shown_default = "a new run";
  auto init = text("init", "FILE", o.init,
                   "Weights to begin with, of a run or imported by `syngrad checkpoint import`: what has the same name "
                   "and shape is taken, the rest is drawn, and told");
  init.shown_default = "all weights are drawn";
  return {"What stays of it",
          {checkpoint_every_row(o.settings),
           whole_number("keep", o.keep_checkpoints, 1, 1 << 20, "Checkpoints that stay, the newest ones"),
           std::move(resume), std::move(init)}};
}

option_group output(train_options& o) {
  auto run = text("run", "DIR", o.run, "Folder for weights, metrics and summary");
  run.shown_default = "runs/DATE-TIME-POLICY";
  auto config =
    text("config", "FILE", o.config,
         "Read options from FILE, lines NAME = VALUE; the command line wins. The run.ini of a run repeats it");
  return {"Input and output",
          {std::move(run),
           setting_row(o.settings, "trace",
                       "What is recorded of the messages between actors, for syngrad trace: on (everything), sample:N "
                       "(one batch in N, whole), flight:SIZE (the last SIZE, such as 64M), off",
                       "on, for a run short enough for --trace-limit, else a sample"),
           setting_row(o.settings, "trace-limit", "Most that a trace takes on disk; what comes later is not kept"),
           choice("keep-best", o.keep_best, {"on", "off"},
                  "Whether the weights of the best evaluation so far are kept beside the last ones, in "
                  "weights.best.safetensors. Of runs in one process; over several there are the last ones only"),
           flag("quiet", o.quiet, "Print the last line of the summary only"), std::move(config),
           flag("help", o.help, "This text")}};
}

} // namespace

train_options::train_options() {
  settings.steps = 2000;
  settings.schedule = "0.6:0.1,0.8:0.1";
  settings.threads = usable_processors();
}

std::vector<option_group> train_option_table(train_options& target) {
  std::vector<option_group> table{what_to_train(target),     what_on(target),          what_for(target),
                                  how_groups_update(target), how_weights_move(target), how_long(target),
                                  on_what(target),           how_it_runs(target),      checkpoints(target)};
  for (auto& each : cluster_groups(target.cluster, target.settings)) table.push_back(std::move(each));
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
         "  syngrad train --data mnist:DIR --steps 6000 --schedule 0.6:0.1,0.8:0.1\n"
         "  syngrad train --data csv:iris.csv --model mlp:4-32x2-3 --batch 16 --epochs 50\n"
         "  syngrad train --model mlp:784-256x11-10 --groups 4 --policy corrected --audit every:50\n"
         "  syngrad train --device cuda:0 --precision bf16       on a GPU\n"
         "  syngrad train --local-nodes 3                        over three more processes on this machine\n"
         "  syngrad train --listen HOST:7000 --nodes 2 --tls-cert c.pem --tls-key c-key.pem --tls-ca ca.pem\n"
         "  syngrad train --config runs/NAME/run.ini --seed 2    a run repeated with another seed\n"
         "  syngrad train --checkpoint-every 100 --run NAME      a run that can go on, whatever ends it\n"
         "  syngrad train --resume NAME\n\n"
         "Signals: Ctrl-C, SIGTERM, SIGHUP and their like save a checkpoint and the weights at once and end the run "
         "in\n"
         "order; a second one stops it. SIGUSR1 saves the same, and the run goes on.\n"
         "Exit status: 0 done, 1 failed while running, 2 bad usage, 130 interrupted (weights are saved).\n";
}

} // namespace syngrad::tools
