#include "actors/run_check.hpp"

#include "actors/group_outline.hpp"
#include "actors/setting_schema.hpp"
#include "actors/update_policy.hpp"
#include "models/learning_rate.hpp"
#include "runtime/data/batch_order.hpp"
#include "runtime/operators.hpp"
#include "runtime/text.hpp"

#include <algorithm>
#include <fmt/core.h>

namespace syngrad {

namespace {

error refuse(const std::string& setting, const std::string& why) {
  return error::setting(setting + ": " + why);
}

status check_rates(const training_settings& s) {
  if (auto rate = learning_rate::parse(1, s.schedule, s.steps); !rate) return refuse("schedule", rate.message());
  return ok();
}

status check_objective(const training_settings& s) {
  const auto judge = make_objective(s.objective);
  if (!judge) return refuse("objective", judge.message());
  if (!s.target) return ok();
  if (auto good = check_target(*s.target, **judge); !good) return refuse("target", good.message());
  return ok();
}

status check_optimizers(const training_settings& s) {
  for (const auto* each : {&s.optimizer, &s.synthetic.optimizer}) {
    const std::string prefix = each == &s.optimizer ? "" : "sg-";
    if (each->momentum != 0 && each->name != "sgd")
      return refuse(prefix + "momentum",
                    "expected --" + prefix + "optimizer sgd with it, got " + each->name + ", which has its own");
    if (each->nesterov && each->momentum == 0)
      return refuse(prefix + "nesterov",
                    "expected --" + prefix + "optimizer sgd and --momentum above 0 with it; add --momentum 0.9");
    const optimizer_settings usual;
    if (each->name != "muon" && each->adam_ratio != usual.adam_ratio)
      return refuse(prefix + "adam-ratio", "expected --" + prefix + "optimizer muon with it, got " + each->name);
    if (each->muon_every != 1 && each->name != "muon")
      return refuse(prefix + "muon-every", "expected --" + prefix + "optimizer muon with it, got " + each->name);
    if (each->relative_steps && each->name != "adafactor")
      return refuse(prefix + "relative-steps",
                    "expected --" + prefix + "optimizer adafactor with it, got " + each->name);
    if (each->moments != usual.moments && !each->has_choice_of_moments() && check_optimizer(*each))
      return refuse(prefix + "moments", "expected --" + prefix +
                                          "optimizer adam, adamw, nadam, lion, muon, or sgd with " +
                                          "--momentum with it, got " + each->name + "; leave it out");
    if (each->name == "adafactor" && (each->beta1 != usual.beta1 || each->second_beta() != usual.second_beta()))
      return refuse(prefix + "betas", "expected --" + prefix +
                                        "optimizer other than adafactor with it, whose means follow the number of "
                                        "steps; leave it out");
    if (each->name == "sgd" && (each->beta1 != usual.beta1 || each->second_beta() != usual.second_beta()))
      return refuse(prefix + "betas",
                    "expected --" + prefix + "optimizer other than sgd with it, which has --momentum");
    if ((each->name == "sgd" || each->name == "lion" || each->name == "adafactor") && each->epsilon != usual.epsilon)
      return refuse(prefix + "epsilon", "expected --" + prefix +
                                          "optimizer adam, adamw, adam8bit, nadam or muon with it, got " + each->name +
                                          "; leave it out");
    if (auto good = check_optimizer(*each); !good) return refuse(prefix + "optimizer", good.message());
  }
  return ok();
}

// Whether a group's gradients come after updates that its forward pass has not seen.
bool updates_late(const training_settings& s) {
  return capabilities_of(s).updates_late && s.split.size() > 1;
}

status check_momentum_by_delay(const training_settings& s) {
  if (!s.momentum_by_delay) return ok();
  if (s.optimizer.name != "nadam")
    return refuse("momentum-by-delay", "expected --optimizer nadam with it, got " + s.optimizer.name);
  if (s.optimizer.beta1 > delayed_momentum)
    return refuse("momentum-by-delay", "expected a first number of --betas of at most 0.99 with it");
  if (!updates_late(s))
    return refuse("momentum-by-delay", "no group's gradients come late here; use it with --policy delayed and at least "
                                       "two groups, or leave it out");
  return ok();
}

status check_discount_by_delay(const training_settings& s) {
  if (!s.discount_by_delay || (updates_late(s) && delay_of_group(s, 0) > 1)) return ok();
  return refuse("delay-lr", "no group's gradients come more than one update late here; use it with --policy delayed, "
                            "at least two groups and an update of every batch, or leave it out");
}

status check_weights(const training_settings& s) {
  if (!s.stash_weights || (capabilities_of(s).stashes_weights && s.split.size() > 1)) return ok();
  return refuse("weights", "expected current, because no backward pass comes after an update that its forward pass has "
                           "not seen; use stash with --policy delayed and at least two groups");
}

status check_update(const training_settings& s) {
  const auto can = capabilities_of(s);
  if (s.update_batches == 1) return ok();
  if (can.micro_batches != s.update_batches || can.cuts_batches)
    return refuse("update", fmt::format("expected every:1 with --policy {}, got every:{}; use --policy delayed, or a "
                                        "larger --batch",
                                        s.policy, s.update_batches));
  const auto groups = static_cast<int>(s.split.size());
  if (can.double_buffers && s.update_batches < groups)
    return refuse("update", fmt::format("expected at least every:{}, because as many groups work on batches at once, "
                                        "got every:{}; use every:{} with a smaller --batch, or fewer groups",
                                        groups, s.update_batches, groups));
  if (can.double_buffers && s.lag.value_or(0) > s.update_batches)
    return refuse("lag",
                  fmt::format("expected at most {}, the batches of an --update, got {}", s.update_batches, *s.lag));
  if (can.double_buffers && s.link.is_in_batches())
    return refuse("link",
                  fmt::format("with --update every:{} gradients come one update late, whatever the delay; leave "
                              "it out",
                              s.update_batches));
  return ok();
}

status check_error_feedback(const training_settings& s) {
  if (!s.error_feedback || (capabilities_of(s).feeds_back_errors && updates_late(s))) return ok();
  return refuse("error-feedback", "no group's updates are late here; use it with --policy delayed and at least two "
                                  "groups, or leave it out");
}

status check_max_alone(const training_settings& s) {
  if (s.max_alone.value_or(0) == 0) return ok();
  if (!capabilities_of(s).predicts)
    return refuse("max-alone",
                  "expected a --policy that predicts gradients with it, synthetic, corrected or gated, got " +
                    s.policy + "; leave it out or use --max-alone 0");
  if (s.deterministic)
    return refuse("max-alone",
                  "--deterministic cannot depend on when the network is away; leave it out or use --max-alone 0");
  return ok();
}

status check_pipeline(const training_settings& s) {
  const auto can = capabilities_of(s);
  const auto expects_cuts = [&](const std::string& setting) {
    return refuse(setting, "expected --policy pipeline with it, which cuts batches into micro-batches, got " +
                             s.policy + "; leave it out");
  };
  if (!can.cuts_batches) {
    if (s.micro_batches) return expects_cuts("micro-batches");
    return s.pipeline == pipeline_schedule{} ? ok() : expects_cuts("pipeline-schedule");
  }
  if (can.micro_batches > s.batch_size)
    return refuse("micro-batches", fmt::format("expected at most {}, the samples of a --batch, got {}", s.batch_size,
                                               can.micro_batches));
  const auto groups = std::max<std::size_t>(1, s.split.size()), chunks = static_cast<std::size_t>(s.pipeline.chunks);
  if (groups % chunks != 0)
    return refuse("pipeline-schedule", fmt::format("{} expects a number of groups that {} divides, got {}; use "
                                                   "--groups {}, or 1f1b",
                                                   s.pipeline.text(), chunks, groups, (groups / chunks + 1) * chunks));
  if (can.splits_backward && s.cuda_graphs)
    return refuse("pipeline-schedule", s.pipeline.text() +
                                         " expects --cuda-graphs off: what is recorded leaves nothing "
                                         "to later; use 1f1b with them");
  if (s.warmup_batches > 0)
    return refuse("sg-warmup", "expected 0 with --policy " + s.policy + ", which has no predictors; leave it out");
  return ok();
}

status check_lag(const training_settings& s) {
  if (!s.lag) return ok();
  if (capabilities_of(s).needs_no_lag)
    return refuse("lag", "expected a policy with it whose gradients come late, got " + s.policy +
                           ", which trains the same whenever they come; leave it out");
  if (!s.deterministic) return refuse("lag", "expected --deterministic with it; free-running groups have no fixed lag");
  // A prediction cannot come after its own target.
  const int least = capabilities_of(s).predicts ? 1 : 0;
  if (*s.lag < least || *s.lag > most_lag)
    return refuse("lag", "expected " + std::to_string(least) + " to " + std::to_string(most_lag) + " with --policy " +
                           s.policy + ", got " + std::to_string(*s.lag));
  return ok();
}

status check_times(const training_settings& s) {
  if (!s.deterministic) return ok();
  if (s.time_limit_s)
    return refuse("for", "--deterministic cannot depend on how fast this machine is; use --steps or --epochs");
  if (s.evaluate_every_s > 0)
    return refuse("eval-seconds", "--deterministic cannot depend on how fast this machine is; use --eval-every");
  return ok();
}

status check_link(const training_settings& s) {
  const auto& link = s.link;
  if (!link.any()) return ok();
  const auto count = static_cast<int>(s.split.size());
  if (count < 2) return refuse("link", "expected at least two groups, which it lies between; leave it out");
  if (link.highest_interface() > count - 2)
    return refuse("link",
                  fmt::format("expected interfaces 0 to {}, with {} groups, got {}; interface i is above group i",
                              count - 2, count, link.highest_interface()));
  if (link.is_in_batches() && !s.deterministic)
    return refuse("link", "a delay in batches is for --deterministic; give a time, such as delay@1:50ms");
  if (link.is_in_time() && s.deterministic)
    return refuse("link", "--deterministic cannot depend on times; count the delay in batches, such as delay@1:3b");
  for (int i = 0; i + 1 < count; ++i)
    if (link.at(i).loss > 0 && link.at(i).delay_ns + link.at(i).most_jitter_ns == 0)
      return refuse("link",
                    fmt::format("a lost message comes a round trip later, which takes no time at interface {0}; "
                                "give it a delay, such as delay@{0}:50ms",
                                i));
  if (!link.is_in_batches()) return ok();
  const auto policy = make_update_policy(s);
  if (!policy) return policy.failure();
  if ((*policy)->waits_for_gradient(static_cast<std::uint64_t>(s.warmup_batches)) ||
      (*policy)->capabilities().needs_no_lag)
    return refuse("link", "with --policy " + s.policy +
                            " each batch waits for its gradient, whatever the delay; leave "
                            "it out");
  if (const int lag = lag_of_group(s, **policy, 0, count); lag > most_lag)
    return refuse("link", fmt::format("expected delays of at most {} batches in all, with those of the policy, got {}",
                                      most_lag, lag));
  return ok();
}

status check_gradients(const training_settings& s) {
  if (s.gradients.is_all()) return ok();
  if (!capabilities_of(s).needs_targets)
    return refuse("gradients", "expected all, because --policy " + s.policy + " sends none; leave it out");
  if (capabilities_of(s).corrects_some)
    return refuse("gradients", "expected all, because --policy " + s.policy +
                                 " needs each of them, or a share whose corrections count the more; use --correct "
                                 "every:N or --gradients all");
  if (capabilities_of(s).needs_every_gradient)
    return refuse("gradients", "expected all, because --policy " + s.policy +
                                 " needs each of them; use --policy synthetic or --gradients all");
  if (s.gradients.above && s.deterministic)
    return refuse("gradients",
                  "an error is not measured at fixed batches, so above:ERROR excludes --deterministic; use every:N");
  return ok();
}

status check_residual_weight(const training_settings& s) {
  if (s.residual_weight.fixed == residual_weight{}.fixed || capabilities_of(s).adds_residuals) return ok();
  return refuse("residual-weight", "expected a policy with it that corrects its predictions later, as --policy "
                                   "corrected and gated do, got " +
                                     s.policy + "; leave it out");
}

status check_correct(const training_settings& s) {
  if (s.correct.is_all()) return ok();
  if (!capabilities_of(s).corrects_some)
    return refuse("correct",
                  "expected all, because --policy " + s.policy +
                    " does not correct a part of its predictions later; use --policy corrected or leave it out");
  if (s.audit_every > 0)
    return refuse("correct", "--audit measures against true gradients of other batches than those that come back with "
                             "it; leave one of them out");
  return ok();
}

status check_gate(const training_settings& s) {
  if (s.gate == gate_settings{} || capabilities_of(s).has_gate) return ok();
  return refuse("gate", "expected a policy with it that goes by bounds, as --policy gated does, got " + s.policy +
                          "; leave it out");
}

status check_target_mix(const training_settings& s) {
  if (s.target_mix == 0 || capabilities_of(s).mixes_targets) return ok();
  return refuse("target-mix", "expected 0, because what --policy " + s.policy +
                                " sends down is no prediction that could be mixed; use --policy synthetic or leave "
                                "it out");
}

status check_recompute(const training_settings& s) {
  if (!s.recompute || !s.cuda_graphs) return ok();
  return refuse("recompute", "expected --cuda-graphs off with it: what is recorded keeps the memory of its batch");
}

status check_corrected_samples(const training_settings& s) {
  if (s.corrected.is_all()) return ok();
  if (!capabilities_of(s).corrects_some)
    return refuse("correct-rows", "expected --policy corrected with it, got " + s.policy + "; leave it out");
  if (s.corrected.samples > s.batch_size)
    return refuse("correct-rows", fmt::format("expected at most {}, the samples of a --batch, got {}", s.batch_size,
                                              s.corrected.samples));
  if (s.audit_every > 0)
    return refuse("correct-rows", "--audit measures against gradients of whole batches, which do not travel back with "
                                  "it; leave one of them out");
  return ok();
}

// A data set made by hand has what it says.
status check_samples(const sample_set& samples, const dataset& of, const std::string& which) {
  const auto wrong = [&](const std::string& why) {
    return refuse("data", "the " + which + " samples of '" + of.name + "' " + why);
  };
  const auto check_labels = [&]() -> status {
    for (const auto label : samples.labels)
      if (label != no_label && (label < 0 || label >= of.target.categories))
        return wrong("have the label " + std::to_string(label) + ", which is not below the number of classes, " +
                     std::to_string(of.target.categories));
    return ok();
  };
  if (samples.is_text()) {
    const auto windows = sample_spec{{samples.window}, dtype::i32, of.input.categories};
    if (of.input != windows || of.target != windows || samples.text.size() <= samples.window)
      return wrong("are windows of a text, which inputs and targets are not");
    if (!samples.labels.empty() && static_cast<std::int64_t>(samples.labels.size()) != samples.text.size())
      return wrong("have no label for each token of their text");
    return check_labels();
  }
  const auto count = static_cast<std::size_t>(std::max<std::int64_t>(samples.count, 0));
  const auto inputs = count * static_cast<std::size_t>(of.input.elements()),
             targets = count * static_cast<std::size_t>(of.target.elements());
  const bool labelled = of.target.is_numbers();
  const bool tokens = of.input.is_numbers();
  const auto in_files = samples.files.size() == count ? inputs : 0; // read when a batch has them
  if (samples.numbers.size() != (tokens ? inputs : 0) ||
      samples.bytes.size() + samples.floats.size() + in_files != (tokens ? 0 : inputs) ||
      (!samples.bytes.empty() && !samples.floats.empty()))
    return wrong("have no " + of.input.to_string() + " each" + (tokens ? "" : ", as bytes or as floats"));
  for (const auto token : samples.numbers)
    if (token < 0 || token >= of.input.categories)
      return wrong("have the token " + std::to_string(token) + ", which is not below " +
                   std::to_string(of.input.categories));
  if (samples.labels.size() != (labelled ? targets : 0) || samples.values.size() != (labelled ? 0 : targets))
    return wrong("have no " +
                 (!labelled                   ? std::to_string(of.target.elements()) + " values"
                  : of.target.elements() == 1 ? "label"
                                              : std::to_string(of.target.elements()) + " labels") +
                 " each");
  return check_labels();
}

std::string fitting_model(const network& net, const dataset& data) {
  const auto& model = net.description;
  const auto first = model.find('-'), last = model.rfind('-');
  const auto middle = first < last ? model.substr(first, last + 1 - first) : "-";
  return fmt::format("mlp:{}{}{}", data.input.elements(), middle, data.target.categories);
}

// Whether a network takes samples of the data: a vector of as many features is a sample of any shape.
bool takes(const sample_spec& network, const sample_spec& data) {
  if (network.type != data.type || network.elements() != data.elements()) return false;
  if (network.categories > 0 && network.categories < data.categories) return false;
  return network.extents == data.extents || network.extents.rank() < 2 || data.extents.rank() < 2;
}

// ", each below 65" of tokens
std::string below(const sample_spec& spec) {
  return spec.is_numbers() && spec.categories > 0 ? ", each below " + std::to_string(spec.categories) + "," : "";
}

// "784 features and 10 classes", "28x28x1 and 1 values to each". For a network of vectors an image is one.
std::string sizes_of(const dataset& data, const network& net) {
  const auto& to = data.target;
  const auto flat = sample_spec{{data.input.elements()}, data.input.type};
  return (net.input.extents.rank() < 2 ? flat : data.input).to_string() + below(data.input) + " and " +
         (to.is_numbers() ? std::to_string(to.categories) + " classes"
                          : std::to_string(to.elements()) + " values to each") +
         (to.is_numbers() && to.rows() > 1 ? " at each of " + std::to_string(to.rows()) + " positions" : "");
}

std::string sizes_of(const network& net, const sample_spec& output, bool labels) {
  const auto rows = output.rows() > 1 ? " at each of " + std::to_string(output.rows()) + " positions" : "";
  const auto input = net.input.is_numbers() || net.input.extents.rank() > 1 ? net.input.to_string()
                                                                            : std::to_string(net.input.elements());
  return fmt::format("{} takes {}{} and {}{}{}", net.description, input, below(net.input), labels ? "tells " : "gives ",
                     output.features(), rows);
}

// Each layer, and each predictor, has the rows that it needs.
status check_batch(const training_settings& settings, const network& net) {
  const std::int64_t parts = parts_of_batches(settings), least = settings.batch_size / parts;
  const auto needs = [&](std::int64_t samples, const std::string& who) {
    if (parts == 1)
      return refuse("batch", "expected at least " + std::to_string(samples) + ", because " + who +
                               " takes statistics of a batch, got " + std::to_string(settings.batch_size));
    return refuse("micro-batches",
                  fmt::format("expected at least {} samples in each, because {} takes statistics of them, got {} of a "
                              "--batch of {} in {}; use --micro-batches {} or fewer, or a larger --batch",
                              samples, who, least, settings.batch_size, parts,
                              std::max<std::int64_t>(1, settings.batch_size / samples)));
  };
  if (const auto need = batch_need_of(net); least < need.samples) return needs(need.samples, need.layer);
  for (const auto& group : outline_groups(settings, net)) {
    if (!group.predictor) continue;
    const auto rows = group.output().rows();
    const auto samples = (group.predictor->least_rows + rows - 1) / rows;
    if (least < samples) return needs(samples, "the predictor " + predictors_of(settings, net).kind);
  }
  return ok();
}

status check_unrolling(const training_settings& settings, const network& net) {
  if (!settings.unroll.predicts) return ok();
  if (carrying_layer(net).empty())
    return refuse("unroll", "dni needs a recurrent network that carries its state, such as --model lstm:1x128,chunk=4, "
                            "and --windows continuing; " +
                              net.description + " carries none");
  if (!settings.continuing_windows)
    return refuse("unroll", "dni needs a recurrent network and --windows continuing, got random");
  if (settings.cuda_graphs) return refuse("unroll", "dni expects --cuda-graphs off: its solves are not recorded");
  const auto classes = static_cast<std::int32_t>(infer_specs(net).value().back().features());
  if (const auto seen = settings.unroll.targets_seen(classes); settings.unroll.targets.value_or(seen) > seen)
    return refuse(
      "unroll", fmt::format("expected at most dni:{} with {} classes, got {}", seen, classes, settings.unroll.text()));
  return ok();
}

// Where batches are cut, what goes on in the next batch would go on in the next part of this one.
status check_carrying_parts(const training_settings& settings, const network& net) {
  const auto who = carrying_layer(net);
  if (parts_of_batches(settings) == 1 || who.empty()) return ok();
  return refuse("micro-batches", "expected 1 with --policy " + settings.policy + ", because " + who +
                                   " goes on where the batch before ended, got " +
                                   std::to_string(parts_of_batches(settings)));
}

// Each layer below the top group goes back by samples, where it must.
status check_layers_corrected(const training_settings& settings, const network& net) {
  if (!settings.corrected.takes_part_of(settings.batch_size)) return ok();
  std::size_t unit = 0, layers = 0;
  for (std::size_t group = 0; group + 1 < settings.split.size(); ++group)
    for (int i = 0; i < settings.split[group]; ++i) layers += net.units[unit++].size();
  const auto who = layer_without_samples(net, layers);
  if (who.empty()) return ok();
  return refuse("correct-rows", "expected all, because " + who +
                                  " has no backward pass of some samples of a batch; "
                                  "leave it out");
}

// Every predictor can do what its place in the network asks for.
status check_predictors(const training_settings& settings, const network& net) {
  if (!capabilities_of(settings).predicts) return ok();
  const auto predictors = predictors_of(settings, net);
  if (!capabilities_of(settings).needs_targets && needs_of_synthetic_gradient_kind(predictors.kind).targets)
    return refuse("sg", "got '" + predictors.kind + "', which learns from gradients from above, but --policy " +
                          settings.policy + " sends none; leave it out");
  const auto specs = infer_specs(net).value();
  std::size_t unit = 0, layers = 0;
  for (std::size_t group = 0; group + 1 < settings.split.size(); ++group) {
    for (int i = 0; i < settings.split[group]; ++i) layers += net.units[unit++].size();
    if (const auto able = size_of_synthetic_gradient_model(predictors, task_of(specs[layers], specs.back())); !able)
      return refuse("sg", "got '" + predictors.kind + "' above unit " + std::to_string(unit - 1) + ": " +
                            able.message() + "; use another --sg, --condition none, or another --split");
  }
  return ok();
}

} // namespace

synthetic_gradient_settings predictors_of(const training_settings& settings, const network& net) {
  auto out = settings.synthetic;
  const auto judge = make_objective(settings.objective);
  out.labels = out.labels && judge && (*judge)->takes_labels();
  if (out.kind != automatic_predictor) return out;
  const auto specs = infer_specs(net);
  const bool vectors =
    !specs || std::all_of(specs->begin() + 1, specs->end(), [](const sample_spec& each) { return each.rows() == 1; });
  out.kind = !capabilities_of(settings).needs_targets ? "head" : vectors || !out.labels ? "ridge" : "exit";
  return out;
}

status check_settings(const training_settings& settings) {
  run_settings all;
  static_cast<training_settings&>(all) = settings;
  for (const auto& each : {check_values(all),
                           check_rates(settings),
                           check_objective(settings),
                           check_optimizers(settings),
                           check_momentum_by_delay(settings),
                           check_discount_by_delay(settings),
                           check_weights(settings),
                           check_update(settings),
                           check_error_feedback(settings),
                           check_lag(settings),
                           check_times(settings),
                           check_link(settings),
                           check_gradients(settings),
                           check_residual_weight(settings),
                           check_corrected_samples(settings),
                           check_max_alone(settings),
                           check_recompute(settings),
                           check_pipeline(settings),
                           check_correct(settings),
                           check_gate(settings),
                           check_target_mix(settings)})
    if (!each) return each.failure();
  return ok();
}

status check_split(const std::vector<int>& split, const network& net) {
  const auto units = static_cast<std::int64_t>(net.units.size());
  std::int64_t total = 0;
  bool positive = true;
  for (const int each : split) {
    positive = positive && each >= 1;
    total += each;
  }
  if (split.empty() || (positive && total == units)) return ok();
  return refuse("split", "expected numbers of units, at least 1 each and " + std::to_string(units) +
                           " in all for this --model, got '" + join_text(split, ",") + "'; write for example " +
                           (units > 1 ? "1," + std::to_string(units - 1) : "1"));
}

std::int64_t training_rows(const training_settings& settings, const dataset& data) {
  return data.train.count - held_out_count(data.train.count, settings.validation_fraction);
}

status check_data(const training_settings& settings, const network& net, const dataset& data) {
  const auto& name = data.name;
  const bool has_labels = data.target.is_numbers(),
             takes_labels = (*make_objective(settings.objective))->takes_labels();
  if (has_labels != takes_labels)
    return refuse("objective", "the targets of the data '" + name + "' are " + (has_labels ? "labels" : "values") +
                                 ", but " + settings.objective.name + " takes " +
                                 (takes_labels ? "labels; use mse" : "values; use cross-entropy"));
  const auto output = infer_specs(net).value().back();
  const bool fits =
    has_labels ? output.features() >= data.target.categories : output.features() == data.target.features();
  if (!takes(net.input, data.input) || output.rows() != data.target.rows() || !fits)
    return refuse("model", "the data '" + name + "' has " + sizes_of(data, net) + ", but " +
                             sizes_of(net, output, has_labels) +
                             (has_labels && net.description.starts_with("mlp:") && data.target.rows() == 1
                                ? "; use --model " + fitting_model(net, data)
                                : ""));
  if (settings.augment)
    if (auto good = settings.augment.check(data.input); !good) return good.failure().prefixed("augment: ");
  if (const auto who = carrying_layer(net); !who.empty()) {
    if (!data.train.is_text())
      return refuse("model", who + " goes on where the batch before ended, and the samples of '" + name +
                               "' do not continue each other; use data that is a text, or \"carry\": false");
    if (!settings.continuing_windows)
      return refuse("windows", "expected continuing, because " + who + " goes on where the batch before ended");
  }
  if (settings.continuing_windows && !data.train.is_text())
    return refuse("windows",
                  "expected random, because the data '" + name + "' is no text, got continuing; leave it out");
  if (data.test.count < 1) return refuse("data", "'" + name + "' has no test samples");
  const auto rows = training_rows(settings, data);
  if (settings.batch_size > rows)
    return refuse("batch", "expected at most " + std::to_string(rows) + ", the training samples of the data '" + name +
                             "', got " + std::to_string(settings.batch_size) + "; use smaller batches");
  return ok();
}

status check_run(const training_settings& settings, const network& net, const dataset* data) {
  if (auto good = check_settings(settings); !good) return good;
  if (auto fits = infer_specs(net); !fits) return fits.failure();
  if (auto good = check_split(settings.split, net); !good) return good;
  if (auto good = check_predictors(settings, net); !good) return good;
  if (auto good = check_layers_corrected(settings, net); !good) return good;
  if (auto good = check_carrying_parts(settings, net); !good) return good;
  if (auto good = check_batch(settings, net); !good) return good;
  if (auto good = check_unrolling(settings, net); !good) return good;
  if (!data) return ok();
  for (const auto& each : {check_data(settings, net, *data), check_samples(data->train, *data, "training"),
                           check_samples(data->test, *data, "test")})
    if (!each) return each.failure();
  return ok();
}

} // namespace syngrad
