#include "actors/setting_checks.hpp"

#include "actors/group_outline.hpp"
#include "actors/update_policy.hpp"
#include "runtime/text.hpp"

#include <algorithm>
#include <fmt/core.h>

namespace syngrad {

namespace {

// Every predictor can do what its place in the network asks for.
status check_predictors(const training_settings& settings, const network& net) {
  const auto can = capabilities_of(settings);
  if (!can.predicts) return ok();
  const auto predictors = predictors_of(settings, net);
  if (!can.needs_targets && needs_of_synthetic_gradient_kind(predictors.kind).targets)
    return refuse("sg", "got '" + predictors.kind + "', which learns from gradients from above, but --policy " +
                          settings.policy + " sends none; leave it out");
  const auto specs = infer_specs(net).value();
  std::size_t unit = 0, layers = 0;
  for (std::size_t group = 0; group + 1 < settings.split.size(); ++group) {
    for (int i = 0; i < settings.split[group]; ++i) layers += net.units[unit++].size();
    if (const auto able = size_of_synthetic_gradient_model(predictors, task_of(specs[layers], specs.back())); !able)
      return refuse(can.needs_targets ? "sg" : "local-head",
                    "got '" + predictors.kind + "' above unit " + std::to_string(unit - 1) + ": " + able.message() +
                      (can.needs_targets ? "; use another --sg, --condition none, or another --split"
                                         : "; use labels, --condition labels, another --split or another --policy"));
  }
  return ok();
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

// Where batches are cut, what goes on in the next batch would go on in the next part of this one.
status check_carrying_parts(const training_settings& settings, const network& net) {
  const auto who = carrying_layer(net);
  if (parts_of_batches(settings) == 1 || who.empty()) return ok();
  return refuse("micro-batches", "expected 1 with --policy " + settings.policy + ", because " + who +
                                   " goes on where the batch before ended, got " +
                                   std::to_string(parts_of_batches(settings)));
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

bool has_vectors(const std::vector<sample_spec>& specs) {
  return std::all_of(specs.begin() + 1, specs.end(), [](const sample_spec& each) { return each.rows() == 1; });
}

} // namespace

std::string usual_policy(const network& net) {
  const auto specs = infer_specs(net);
  const bool corrections_help =
    specs && !has_vectors(*specs) && (specs->back().rows() == 1 || !carrying_layer(net).empty());
  return corrections_help ? "corrected" : "synthetic";
}

synthetic_gradient_settings predictors_of(const training_settings& settings, const network& net) {
  auto out = settings.synthetic;
  const auto judge = make_objective(settings.objective);
  out.labels = out.labels && judge && (*judge)->takes_labels();
  if (out.kind != automatic_predictor) return out;
  const auto specs = infer_specs(net);
  const bool vectors = !specs || has_vectors(*specs);
  if (!capabilities_of(settings).needs_targets)
    out.kind = settings.local_head.predictor_kind();
  else
    out.kind = vectors || !out.labels ? "ridge" : "exit";
  return out;
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

status check_model_settings(const training_settings& settings, const network& net) {
  return first_fault({check_predictors, check_layers_corrected, check_carrying_parts, check_batch, check_unrolling},
                     settings, net);
}

} // namespace syngrad
