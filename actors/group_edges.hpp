// The two edges of a group: what it owes its neighbours over them, and what they owe it.
//
// | edge  | goes up                          | comes down                                                        |
// |-------|----------------------------------|-------------------------------------------------------------------|
// | below | activations, as granted; what    | every batch once: a gradient, or none; a credit when a batch's    |
// |       | gradients the neighbour wants    | turn is over                                                      |
// | above | activations, one a credit; what  | the same                                                          |
// |       | gradients this group wants       |                                                                   |
//
// Neither edge sends anything or knows an actor: they say what may be sent. Each belongs to one group, on its thread.
#pragma once

#include "actors/batch_record.hpp"
#include "actors/gradient_demand.hpp"
#include "actors/run_edges.hpp"

#include <cstdint>
#include <optional>

namespace syngrad {

// Invariants: a batch comes back over it once (and is never asked for a second time); gradients that the neighbour does
// not want come back as none; the source wants none at all.
class lower_edge {
public:
  lower_edge(const run_edge& edge, const gradient_demand& demand, std::uint64_t seed)
    : edge_(edge), demand_(demand), seed_(seed) {}

  int neighbour() const { return edge_.below; } // a group, or run_edge::source
  bool takes_gradients() const { return edge_.between_groups(); }

  // The neighbour wants gradients of the batches that `every` divides. It may come from another process: 0 is checked
  // for, not trusted.
  void wants(std::uint64_t every) { demand_.every = every > 0 ? every : 1; }
  bool wants_gradient_of(std::uint64_t batch) const { return demand_.includes(batch, seed_); }

  // The batch comes back, now.
  void gives_back(batch_record&);

  template <class Archive>
  void keep(Archive& of) {
    of.word("below.every", demand_.every);
  }

private:
  run_edge edge_;
  gradient_demand demand_;
  std::uint64_t seed_; // of the run
};

// Of a group that receives gradients: turns measures of its predictor into what it wants.
class gradient_appetite {
public:
  explicit gradient_appetite(gradient_demand demand) : demand_(demand), every_(demand.every) {}

  // A prediction p and the gradient g that came for it: p.g, |p|^2, |g|^2. Returns what is wanted from now on, where
  // that has changed. The error |p - g| / |g| is smoothed over the last few measures: no single batch decides.
  std::optional<std::uint64_t> measured(double dot, double predicted_squared, double received_squared);

  double error() const { return error_.value_or(1); } // 1: not measured yet, as of one that predicts zero

  template <class Archive>
  void keep(Archive& of) {
    of.word("above.every", every_);
    of.word("above.error", error_);
  }

private:
  gradient_demand demand_;
  std::uint64_t every_;
  std::optional<double> error_;
};

// Invariants: no activation goes up without a credit; while the network is away, at most `max_alone` batches a gap end
// here without one, and none when it is back.
class upper_edge {
public:
  // `max_alone`: batches that may end at one gap; 0: the group waits.
  upper_edge(const run_edge& edge, std::int64_t max_alone, const gradient_demand& demand)
    : edge_(edge), max_alone_(max_alone), appetite_(demand) {}

  bool exists() const { return !edge_.is_open(); } // else this is the top group
  edge_id id() const { return edge_.id; }
  int neighbour() const { return edge_.above; }

  // ---- credits
  void grant(std::int64_t batches) { credits_ += batches; }
  bool take_credit(); // false: there is none
  std::int64_t credits() const { return credits_; }

  // ---- the gap: the network to the neighbour is away
  void opens_gap();
  void closes_gap() { gap_ = false; }
  bool may_end_at_gap() const { return gap_ && in_this_gap_ < max_alone_; }
  void ends_at_gap(batch_record&); // the batch does not go up
  std::int64_t ended_at_gaps() const { return ended_at_gaps_; }

  // ---- demand
  // Whether the prediction of this batch is compared with the gradient that has come for it. A few batches tell as
  // much about the mean as all of them, at a fraction of the cost. The next comparison is counted from the last one: at
  // fixed batches it could miss every gradient where those come seldom.
  bool measures_agreement(std::uint64_t batch);
  // Likewise, whether the size of this batch's activation is measured.
  bool measures_activation(std::uint64_t batch) const { return exists() && batch % measured_every == 0; }
  // See gradient_appetite::measured(); what it returns is to be sent up.
  std::optional<std::uint64_t> wanted_after(double dot, double predicted_squared, double received_squared) {
    return appetite_.measured(dot, predicted_squared, received_squared);
  }

  // Credits are no part of it: whoever goes on grants anew.
  template <class Archive>
  void keep(Archive& of) {
    of.word("above.ended_at_gaps", ended_at_gaps_);
    of.word("above.next_agreement", next_agreement_);
    appetite_.keep(of);
  }

private:
  static constexpr std::uint64_t measured_every = 4;

  run_edge edge_;
  std::int64_t credits_ = 0;
  std::int64_t max_alone_, in_this_gap_ = 0, ended_at_gaps_ = 0;
  bool gap_ = false;
  gradient_appetite appetite_;
  std::uint64_t next_agreement_ = 0; // batch
};

} // namespace syngrad
