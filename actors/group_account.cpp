#include "actors/group_account.hpp"

#include "models/state_archive.hpp"
#include "runtime/operators.hpp"

#include <cmath>

namespace syngrad {

namespace {

constexpr const char* nothing_updated = " is NaN or infinite; nothing was updated with it";

void add_at(agreement_mean& mean, const float* numbers) {
  mean.add(numbers[0], numbers[1], numbers[2]);
}

} // namespace

void agreement_mean::add(double dot, double a_squared, double b_squared) {
  if (!(a_squared > 0 && b_squared > 0 && std::isfinite(dot) && std::isfinite(a_squared) && std::isfinite(b_squared)))
    return;
  cosine_ += dot / std::sqrt(a_squared * b_squared);
  norm_ratio_ += std::sqrt(a_squared / b_squared);
  ++count_;
}

void agreement_mean::add_bias(double difference_sum_squared, double truth_squared, std::int64_t rows) {
  if (!(truth_squared > 0 && std::isfinite(difference_sum_squared) && std::isfinite(truth_squared))) return;
  bias_ += std::sqrt(difference_sum_squared / (truth_squared * static_cast<double>(rows)));
  ++bias_count_;
}

void group_account::applies(const update_origin& origin, const batch_record& record, applied_gradient applied,
                            std::int64_t version, float weight) {
  if (applied == applied_gradient::residual) residual_weight_.add(weight);
  const auto late = version - 1 - record.version;
  staleness_ += late;
  ++updates_;
  observer_->updated(origin, applied, record.predictor_version);
  observer_->measured(origin, trace_measure::staleness, static_cast<double>(late));
}

void group_account::passes_gate(const update_origin& origin, gate_state state) {
  ++gate_batches_[static_cast<std::size_t>(state)];
  if (gate_ == state) return;
  if (gate_) ++gate_turns_;
  gate_ = state;
  observer_->measured(origin, trace_measure::gate, static_cast<double>(state));
}

void group_account::loss_known(const update_origin& origin, double loss) {
  observer_->measured(origin, trace_measure::loss, loss);
}

bool group_account::was_clipped(const batch_record& record) const {
  const float* numbers = record.numbers.f32();
  const auto squared_norm = numbers[measure::squared_norm];
  if (clip_norm_ == 0 || record.update_terms == 0) return false;
  if (!std::isfinite(numbers[measure::guard]) || !std::isfinite(squared_norm)) return false; // nothing was applied
  return clip_factor(squared_norm, 1 / static_cast<float>(record.update_terms), clip_norm_) < 1;
}

void group_account::activation_measured(const update_origin& origin, const batch_record& record) {
  const double squares = record.numbers.f32()[measure::activation];
  const auto rms = std::sqrt(squares / static_cast<double>(record.activations_measured));
  observer_->measured(origin, trace_measure::activation_rms, rms);
  watch_.activation(rms, record.step);
  if (!std::isfinite(rms)) return;
  activation_rms_.add(rms);
  interval_activation_rms_.add(rms);
}

void group_account::measured(const update_origin& origin, const batch_record& record) {
  const float* numbers = record.numbers.f32();
  clipped_ += was_clipped(record);
  if (record.activations_measured > 0) activation_measured(origin, record);
  const auto tell_each = [&](std::int64_t at, trace_measure cosine, trace_measure norms) {
    agreement_mean once;
    add_at(once, numbers + at);
    observer_->measured(origin, cosine, once.cosine());
    observer_->measured(origin, norms, once.norm_ratio());
  };
  if (record.agreement_measured) {
    tell_each(measure::agreement, trace_measure::cosine, trace_measure::norm_ratio);
    add_at(agreement_, numbers + measure::agreement);
    add_at(interval_agreement_, numbers + measure::agreement);
    watch_.compared(numbers[measure::agreement + 1], numbers[measure::agreement + 2], record.step);
  }
  if (!record.audit_measured) return;
  tell_each(measure::audit, trace_measure::audit_cosine, trace_measure::audit_norm_ratio);
  agreement_mean once;
  once.add_bias(numbers[measure::bias], numbers[measure::audit + 2], record.rows);
  observer_->measured(origin, trace_measure::audit_bias, once.bias());
  add_at(audit_agreement_, numbers + measure::audit);
  audit_agreement_.add_bias(numbers[measure::bias], numbers[measure::audit + 2], record.rows);
}

std::string group_account::fault_of_loss() const {
  return "the loss after layer " + std::to_string(layers_->first_layer() + layers_->layer_count() - 1) +
         nothing_updated;
}

std::string group_account::fault_of(const batch_record& record) const {
  const float* numbers = record.numbers.f32();
  const int layers = layers_->layer_count();
  const auto layer_name = [&](int i) {
    return "layer " + std::to_string(layers_->first_layer() + i) + " (" + layers_->describe_layer(i) + ")";
  };
  if (!std::isfinite(numbers[measure::guard]) || !std::isfinite(numbers[measure::guard + 1]))
    return "the gradient at the output of " + layer_name(layers - 1) + nothing_updated;
  for (int i = layers - 1; i >= 0; --i)
    if (numbers[measure::nonfinite + i] != 0)
      return "the parameter gradient of " + layer_name(i) + " is NaN, infinite or too large in " +
             std::to_string(static_cast<std::int64_t>(numbers[measure::nonfinite + i])) +
             " elements, which were not updated";
  if (!std::isfinite(numbers[measure::squared_norm]))
    return "the norm of the parameter gradients of layers " + std::to_string(layers_->first_layer()) + " to " +
           std::to_string(layers_->first_layer() + layers - 1) + nothing_updated;
  return {};
}

void group_account::keep(state_archive& of) {
  of.within("account.", [&] {
    of.word("updates", updates_);
    of.word("staleness", staleness_);
    of.word("samples", samples_);
    of.word("steps", steps_);
    of.word("clipped", clipped_);
    for (std::size_t i = 0; i < gate_batches_.size(); ++i) of.word("gate." + std::to_string(i), gate_batches_[i]);
    of.word("gate", gate_);
    of.word("gate_turns", gate_turns_);
    of.within("agreement.", [&] { agreement_.keep(of); });
    of.within("interval_agreement.", [&] { interval_agreement_.keep(of); });
    of.within("audit_agreement.", [&] { audit_agreement_.keep(of); });
    of.within("activation_rms.", [&] { activation_rms_.keep(of); });
    of.within("interval_activation_rms.", [&] { interval_activation_rms_.keep(of); });
    of.within("residual_weight.", [&] { residual_weight_.keep(of); });
    of.within("watch.", [&] { watch_.keep(of); });
  });
}

void group_account::tell(group_report& out, bool of_interval) {
  const auto& agreement = of_interval ? interval_agreement_ : agreement_;
  out.updates = layers_->version();
  out.staleness = updates_ ? static_cast<double>(staleness_) / static_cast<double>(updates_) : 0.0;
  out.cosine = agreement.cosine();
  out.norm_ratio = agreement.norm_ratio();
  out.activation_rms = (of_interval ? interval_activation_rms_ : activation_rms_).value();
  out.fault = watch_.fault();
  out.audit_cosine = audit_agreement_.cosine();
  out.audit_norm_ratio = audit_agreement_.norm_ratio();
  out.audit_bias = audit_agreement_.bias();
  out.parameters = layers_->parameter_count();
  out.samples = samples_;
  out.clipped = clipped_;
  out.gate = {gate_batches_[0], gate_batches_[1], gate_batches_[2], gate_turns_};
  out.residual_weight = residual_weight_.value();
  const auto a_step = [this](double done) { return steps_ ? done / static_cast<double>(steps_) : 0.0; };
  out.multiply_adds = a_step(layers_->multiply_adds_done());
  out.predictor_multiply_adds =
    a_step(layers_->later_multiply_adds_done() + (predictor_ ? predictor_->multiply_adds_done() : 0));
  out.optimizer_multiply_adds = a_step(layers_->optimizer_multiply_adds_done());
  const auto all = out.multiply_adds + out.optimizer_multiply_adds + out.predictor_multiply_adds;
  if (all > 0) out.predictor_share = out.predictor_multiply_adds / all;
  if (!of_interval) return;
  interval_agreement_ = {};
  interval_activation_rms_ = {};
}

} // namespace syngrad
