// `corrected`: update at once with the prediction g'; when the true gradient g of that batch arrives, add the
// parameter gradient of g - g', from the stored cache, to the group's next update, and send the true gradient on down.
// One optimizer step a batch; with a residual weight of 1 what is applied in total is the true gradient, late by the
// part that was mispredicted. Less is better where that part is old by then, or large beside a gradient that Adam
// scales. Where only some samples are corrected, the top group, whose gradient is not predicted, chooses them.
// Where only a share of the batches is (--correct), it sends the gradients of those, and each residual counts as often
// as it stands for batches: 1/share. So what is expected to be applied is the same.
#pragma once

#include "actors/residual_weight.hpp"
#include "actors/update_policy.hpp"
#include "models/state_archive.hpp"

namespace syngrad {

class corrected_policy : public update_policy {
public:
  // `batches`, `samples`: that are corrected.
  corrected_policy(residual_weight weight, const gradient_demand& batches, sample_choice samples)
    : weight_(weight), stands_for_(static_cast<float>(batches.weight())), takes_all_(batches.is_all()),
      samples_(samples) {}

  policy_capabilities capabilities() const override {
    return {.predicts = true,
            .needs_every_gradient = takes_all_,
            .adds_residuals = true,
            .corrects_some = true,
            .judges_predictions = weight_.is_automatic()};
  }
  int fixed_lag(int index, int count) const override { return 2 * (count - 1 - index); }

  void on_turn(policy_actions&, batch_record&) override;
  void on_gradient(policy_actions&, batch_record&, gradient_kind, const tensor& values) override;
  void on_loss(policy_actions&, batch_record&, const tensor& values) override;
  void on_measured(const prediction_measure& what) override { quality_.add(what); }
  void on_end(policy_actions&) override;
  void keep(state_archive& of) override {
    of.word("last_terms", last_terms_);
    of.within("quality.", [&] { quality_.keep(of); });
  }

private:
  residual_weight weight_;
  float stands_for_; // batches, each that is corrected
  bool takes_all_;
  sample_choice samples_;
  prediction_quality quality_;
  std::int64_t last_terms_ = 1; // of the latest batch: divides what is left at the end
};

inline void corrected_policy::on_turn(policy_actions& group, batch_record& record) {
  last_terms_ = record.terms;
  group.update(record, applied_gradient::synthetic, record.prediction, record.terms, false);
}

inline void corrected_policy::on_gradient(policy_actions& group, batch_record& record, gradient_kind kind,
                                          const tensor& values) {
  if (kind == gradient_kind::none) {
    group.send_down(record, kind, {});
  } else {
    group.train_predictor(record, kind, values);
    const auto weight = weight_.of(group.staleness(record), quality_) * stands_for_;
    group.accumulate(record, group.difference(values, group.of_chosen(record, record.prediction)), weight);
    group.send_down(record, kind, group.input_gradient(record, values));
  }
  group.finish(record);
}

inline void corrected_policy::on_loss(policy_actions& group, batch_record& record, const tensor& values) {
  if (samples_.is_all()) return update_policy::on_loss(group, record, values);
  const auto below = group.update(record, applied_gradient::truth, values, record.terms, true);
  if (below) group.choose_samples(record, values, samples_);
  group.send_down(record, gradient_kind::truth, group.of_chosen(record, below));
  group.finish(record);
}

inline void corrected_policy::on_end(policy_actions& group) {
  group.apply_accumulated(last_terms_);
}

} // namespace syngrad
