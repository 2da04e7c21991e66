#include "actors/setting_checks.hpp"

#include "actors/update_policy.hpp"

#include <algorithm>
#include <fmt/core.h>

namespace syngrad {

namespace {

status check_residual_weight(const training_settings& s) {
  if (s.residual_weight.fixed == residual_weight{}.fixed || capabilities_of(s).adds_residuals) return ok();
  return refuse("residual-weight", "expected a policy with it that corrects its predictions later, as --policy "
                                   "corrected and gated do, got " +
                                     s.policy + "; leave it out");
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

status check_recompute(const training_settings& s) {
  if (!s.recompute || !s.cuda_graphs) return ok();
  return refuse("recompute", "expected --cuda-graphs off with it: what is recorded keeps the memory of its batch");
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

status check_local_head(const training_settings& s) {
  const auto& head = s.local_head;
  if (head == local_head_choice{}) return ok();
  if (capabilities_of(s).needs_targets)
    return refuse("local-head", "expected a policy with it whose groups learn from losses of their own, as --policy "
                                "local does, got " +
                                  s.policy + "; leave it out, or use --sg " + head.predictor_kind());
  const auto& kind = s.synthetic.kind;
  if (kind == automatic_predictor || kind == head.predictor_kind()) return ok();
  return refuse("local-head", "got " + head.text() + ", but --sg " + kind + "; leave --sg out or use --sg auto");
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

} // namespace

status check_policy_settings(const training_settings& settings) {
  return first_fault({check_residual_weight, check_corrected_samples, check_recompute, check_pipeline, check_correct,
                      check_local_head, check_gate, check_target_mix},
                     settings);
}

} // namespace syngrad
