// `gated`: each interface goes by how well its predictions agree with what is received, and moves between predicting,
// correcting and waiting (prediction_gate.hpp has the table). A batch is treated to its end as its turn found the gate:
//
// | state      | in the turn                    | when the gradient g comes |
// |------------|--------------------------------|----------------------------------------------------------------------|
// | predicting | as `synthetic`                 | trains the predictor | | correcting | as `corrected`, sends nothing
// | trains the predictor, adds its residual, sends what g becomes        | | waiting    | nothing | trains the
// predictor, updates with g, sends what it becomes          |
//
// The predictor is asked in every state, or nothing could be measured. Waiting is that of the update: batches go on,
// as in `delayed`. g is true where all groups above correct or wait, else it rests on a prediction, and what is sent on
// says so. The gate hears of measures as policies do (update_policy::on_measured), so a deterministic run is one here,
// too.
#pragma once

#include "actors/prediction_gate.hpp"
#include "actors/residual_weight.hpp"
#include "actors/update_policy.hpp"
#include "models/state_archive.hpp"

namespace syngrad {

class gated_policy : public update_policy {
public:
  gated_policy(const gate_settings& gate, residual_weight weight) : gate_(gate), weight_(weight) {}

  policy_capabilities capabilities() const override {
    return {.predicts = true,
            .bootstraps = true,
            .passes_on = true,
            .adds_residuals = true,
            .judges_predictions = true,
            .has_gate = true};
  }
  int fixed_lag(int index, int count) const override { return 2 * (count - 1 - index); }
  bool updates_alone(std::uint64_t) const override { return gate_.state() != gate_state::waiting; }

  void on_turn(policy_actions&, batch_record&) override;
  void on_gradient(policy_actions&, batch_record&, gradient_kind, const tensor& values) override;
  void on_measured(const prediction_measure& what) override;
  void on_end(policy_actions& group) override { group.apply_accumulated(last_terms_); }
  void keep(state_archive& of) override {
    of.word("last_terms", last_terms_);
    of.within("gate.", [&] { gate_.keep(of); });
    of.within("quality.", [&] { quality_.keep(of); });
  }

private:
  prediction_gate gate_;
  residual_weight weight_;
  prediction_quality quality_;
  std::int64_t last_terms_ = 1; // of the latest batch: divides what is left at the end
};

inline void gated_policy::on_measured(const prediction_measure& what) {
  gate_.measured(what);
  quality_.add(what);
}

inline void gated_policy::on_turn(policy_actions& group, batch_record& record) {
  last_terms_ = record.terms;
  group.passes_gate(record, gate_.state());
  if (record.gate == gate_state::waiting) return;
  const bool alone = record.gate == gate_state::predicting;
  const auto below = group.update(record, applied_gradient::synthetic, record.prediction, record.terms, alone);
  if (alone) group.send_down(record, gradient_kind::bootstrapped, below);
}

inline void gated_policy::on_gradient(policy_actions& group, batch_record& record, gradient_kind kind,
                                      const tensor& values) {
  const bool sent = record.gate == gate_state::predicting;
  if (kind == gradient_kind::none) {
    if (!sent) group.send_down(record, kind, {});
    group.finish(record);
    return;
  }
  group.train_predictor(record, kind, values);
  if (record.gate == gate_state::correcting) {
    group.accumulate(record, group.difference(values, record.prediction),
                     weight_.of(group.staleness(record), quality_));
    group.send_down(record, kind, group.input_gradient(record, values));
  }
  if (record.gate == gate_state::waiting) {
    const auto applied = kind == gradient_kind::truth ? applied_gradient::truth : applied_gradient::bootstrapped;
    group.send_down(record, kind, group.update(record, applied, values, record.terms, true));
  }
  group.finish(record);
}

} // namespace syngrad
