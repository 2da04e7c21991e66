// What a group knows of how it trains: agreement of gradients, staleness, numbers that are not finite. Tells the
// observer of each, and sums up for reports.
//
// Reads a batch's numbers on the host: call with a record only when its stream is past them. Belongs to one group, on
// its thread; sends nothing.
#pragma once

#include "actors/batch_record.hpp"
#include "actors/interface_watch.hpp"
#include "actors/message_tracer.hpp"
#include "actors/summary.hpp"
#include "models/layer_group.hpp"
#include "models/synthetic_gradient_model.hpp"

#include <array>
#include <memory>
#include <optional>
#include <string>

namespace syngrad {

class state_archive;

// Means of how well one gradient agrees with another: cosine, ratio of norms, bias.
class agreement_mean {
public:
  // dot = a.b and the squared norms of a (synthetic) and b (received). Zero norms say nothing and are left out.
  void add(double dot, double a_squared, double b_squared);
  // Squared norms of the sum over the rows of (applied - true), and of all of true. The sum of true is no measure to
  // compare with: below a batch normalisation the true gradients of a batch add up to nothing.
  void add_bias(double difference_sum_squared, double truth_squared, std::int64_t rows);

  double cosine() const { return mean(cosine_, count_); } // NaN where nothing was added
  double norm_ratio() const { return mean(norm_ratio_, count_); }
  double bias() const { return mean(bias_, bias_count_); }

  template <class Archive>
  void keep(Archive& of) {
    of.word("cosine", cosine_);
    of.word("norm_ratio", norm_ratio_);
    of.word("bias", bias_);
    of.word("count", count_);
    of.word("bias_count", bias_count_);
  }

private:
  static double mean(double sum, std::int64_t count) { return count ? sum / static_cast<double>(count) : not_measured; }

  double cosine_ = 0, norm_ratio_ = 0, bias_ = 0;
  std::int64_t count_ = 0, bias_count_ = 0;
};

// The mean of what is measured now and then.
class sampled_mean {
public:
  void add(double value) {
    sum_ += value;
    ++count_;
  }
  double value() const { return count_ ? sum_ / static_cast<double>(count_) : not_measured; }

  template <class Archive>
  void keep(Archive& of) {
    of.word("sum", sum_);
    of.word("count", count_);
  }

private:
  double sum_ = 0;
  std::int64_t count_ = 0;
};

class group_account {
public:
  // `clip_norm`: what gradients are clipped to; 0: they are not.
  // `predictor`: of the interface above; null: none.
  group_account(std::shared_ptr<const layer_group> layers, std::shared_ptr<const synthetic_gradient_model> predictor,
                std::shared_ptr<update_observer> observer, float clip_norm)
    : layers_(std::move(layers)), predictor_(std::move(predictor)), observer_(std::move(observer)),
      clip_norm_(clip_norm) {}

  void begins(std::int64_t samples, bool begins_step = true) { // a training batch
    samples_ += samples;
    steps_ += begins_step;
  }
  // A gradient of the batch is applied, `weight` times: with it the weights become, or will become, `version`.
  void applies(const update_origin&, const batch_record&, applied_gradient, std::int64_t version, float weight = 1);
  // The batch is treated as the gate's state says.
  void passes_gate(const update_origin&, gate_state);
  void loss_known(const update_origin&, double loss);
  // All that was measured of a batch.
  void measured(const update_origin&, const batch_record&);

  // What of a settled batch was not finite and therefore not applied; empty: all was.
  std::string fault_of(const batch_record&) const;
  std::string fault_of_loss() const;

  // Its part of a report. What is reported as of an interval counts from here on again.
  void tell(group_report&, bool of_interval);
  // To be saved and loaded.
  void keep(state_archive&);

private:
  bool was_clipped(const batch_record&) const;
  void activation_measured(const update_origin&, const batch_record&);

  std::shared_ptr<const layer_group> layers_;
  std::shared_ptr<const synthetic_gradient_model> predictor_;
  std::shared_ptr<update_observer> observer_; // not null
  float clip_norm_;
  std::int64_t updates_ = 0, staleness_ = 0; // gradients applied, sum of the versions that they came late
  std::int64_t samples_ = 0, steps_ = 0;
  std::int64_t clipped_ = 0;                                  // updates
  std::array<std::int64_t, gate_state_count> gate_batches_{}; // in each state
  std::optional<gate_state> gate_;                            // of the latest batch
  std::int64_t gate_turns_ = 0;                               // from one state to another
  agreement_mean agreement_, interval_agreement_, audit_agreement_;
  sampled_mean activation_rms_, interval_activation_rms_, residual_weight_;
  interface_watch watch_;
};

} // namespace syngrad
