// One training batch on its way through a group: from its forward pass until its gradient has been handled and the
// stream is past the work. Records are recycled with their memory.
#pragma once

#include "actors/gradient_demand.hpp"
#include "actors/prediction_gate.hpp"
#include "models/layer_group.hpp"
#include "runtime/tensor.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace syngrad {

// Numbers that the device writes while it works on a batch; f32, by index. All are copied once, at the end, to where
// the host reads them when the stream is past that.
namespace measure {
inline constexpr std::int64_t loss = 0;          // objective::numbers: mean loss, sums over its terms
inline constexpr std::int64_t agreement = 3;     // 3: prediction.received, |prediction|^2, |received|^2
inline constexpr std::int64_t audit = 6;         // 3: the same against the true gradient
inline constexpr std::int64_t bias = 9;          // 1: |sum over rows of (prediction - true)|^2
inline constexpr std::int64_t guard = 10;        // 2: |dy|^2 of the update, of the accumulated part
inline constexpr std::int64_t squared_norm = 12; // 1: of the parameter gradient, where it is clipped
inline constexpr std::int64_t activation = 13;   // 1: |h|^2 of what was sent up
inline constexpr std::int64_t missed_sum = 14;   // 1: |sum over rows of (prediction - received)|^2, where it is judged
inline constexpr std::int64_t nonfinite = 15;    // one a layer: elements that were not applied
} // namespace measure

struct batch_record {
  std::uint64_t batch = 0;
  std::uint64_t cause = 0; // id of the activation message that brought it
  std::int64_t step = 0;   // of the run's schedule
  std::int64_t samples = 0;
  std::int64_t rows = 0;
  std::int64_t terms = 0;        // of the loss: what its update divides by
  bool has_loss = false;         // some row has a target
  std::int64_t version = 0;      // of the weights in the forward pass
  std::int64_t update_terms = 0; // what its update has divided by; 0: there was none
  group_cache cache;
  const buffer* from_below = nullptr; // the memory of its input
  tensor output;                      // what was sent up; features of the predictor
  tensor targets;
  tensor prediction;                   // null: none
  std::uint32_t predictor_version = 0; // that made it
  chosen_samples chosen;               // that its gradient is of; null: all
  group_cache cache_of_chosen;         // see layer_group::gather_cache; not there: not made yet
  tensor weights;                      // of the forward pass, where they are kept; null: they have not changed
  tensor measures;                     // see namespace measure
  tensor numbers;                      // the same for the host to read; the same memory where the host reads all

  std::vector<deferred_gradient> deferred; // what the second part of its update is to make
  bool put_off = false;                    // that part is still to come

  gate_state gate = gate_state::waiting; // that it is treated by, where the policy has a gate

  bool in_turn = false; // from its forward pass until the policy has had its turn
  bool sent_down = false;
  bool finished = false;
  bool ends_at_gap = false;              // not sent up: the network is away
  bool awaits_audit = false;             // the true gradient is still to come, for measurement only
  std::int64_t activations_measured = 0; // numbers that |h|^2 adds up; 0: it was not measured
  bool agreement_measured = false;
  std::int64_t rows_measured = 0; // of the prediction that was judged
  bool audit_measured = false;
  bool audit_sent_down = false; // once, also where true gradients come both apart and in the chain
  bool told_in_turn = false;    // of the top group: its numbers go to the host when its turn is over

  // Of gradients that came before their turn.
  struct early_gradient {
    gradient_kind kind = gradient_kind::none;
    tensor values;
    chosen_samples chosen = {};
  };
  std::optional<early_gradient> early;
  std::optional<tensor> early_audit;

  // `count` of the measures, from `first`.
  tensor measured(std::int64_t first, std::int64_t count) const { return measures.view(first, {count}); }
};

} // namespace syngrad
