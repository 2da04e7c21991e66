// What a late update got wrong is added to a later one (after the idea of Zmushko et al., arXiv 2606.30634, for a
// delay of one update).
//
// Let update n + 1, made of weights W(n), apply the step U(n + 1). It is late: its gradient was that of older weights.
// The gradient of W(n) itself comes later, with the first batch whose forward pass has read W(n), and the optimizer
// makes the step D of it. So D - U(n + 1) is what that update got wrong, and it is added to the update that D makes:
//
//   W <- W + D + (D - U(n + 1))
//
// No gradient is computed twice. Each update is set right once: the sum of all updates so far is that of the steps of
// fresh gradients, but for those that no fresh gradient has come for yet, as many as a gradient comes late. In other
// words forward passes read weights that are extrapolated over the delay, in a straight line. Where the gradient is
// linear in the weights and there is no noise, what remains falls with the square of the rate, not with the rate. The
// noise of batches counts up to sqrt(5) times, less with momentum; and large steps become unstable at half the rate
// that delayed gradients bear: it is for short delays. Where there is no delay nothing is added.
//
// Steps are differences of weights, so any optimizer will do, weight decay and clipping are part of them, and D and U
// count the moments that they were made with. Costs five passes over the weights an update, and a copy of them for each
// update that a gradient is late. Nothing is added by an update whose gradient is not finite. The numbers stay on the
// device. Belongs to one group, on its thread.
#pragma once

#include "models/layer_group.hpp"
#include "runtime/operators.hpp"

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

namespace syngrad {

class error_feedback {
public:
  // Around each step of the optimizer.
  void before_update(stream& s, const layer_group& layers) { before_ = layers.copy_of_weights(s); }
  // With the gradient of weights of version `seen`, which came while there were no other; `finite`: scalars, null ones
  // among them, none of which may be NaN or infinite.
  void after_update(stream&, layer_group&, std::int64_t seen, std::initializer_list<const tensor*> finite);

  template <class Archive>
  void keep(Archive& of) {
    auto count = late_.size();
    of.word("late", count);
    if (of.loads()) late_.clear();
    for (std::size_t i = 0; i < count && of.outcome(); ++i) {
      if (of.loads()) late_.emplace_back();
      of.word("late." + std::to_string(i) + ".of", late_[i].of);
      of.anew("late." + std::to_string(i) + ".step", late_[i].step);
    }
  }

  std::uint64_t bytes() const {
    std::uint64_t sum = 0;
    for (const auto& each : late_) sum += each.step.memory()->bytes();
    return sum;
  }

private:
  struct update {
    std::int64_t of = 0; // version of the weights that it has changed
    tensor step;
  };

  std::vector<update> late_; // that no fresh gradient has come for, oldest first
  tensor before_;
};

inline void error_feedback::after_update(stream& s, layer_group& layers, std::int64_t seen,
                                         std::initializer_list<const tensor*> finite) {
  const auto before = std::exchange(before_, {});
  if (!before) return; // nothing is trained
  auto& now = layers.trained();
  auto step = make_tensor(s, now.extents());
  s.ops().subtract(s, now, before, step);
  const auto is_due = [seen](const update& each) { return each.of >= seen; };
  const auto due = std::find_if(late_.begin(), late_.end(), is_due);
  if (due != late_.end() && due->of == seen) {
    auto wrong = std::move(due->step);
    s.ops().subtract(s, step, wrong, wrong);
    for (const auto* each : finite)
      if (each) s.ops().zero_unless_finite(s, *each, wrong);
    s.ops().add(s, wrong, 1, now);
    late_.erase(late_.begin(), due + 1);
  } else {
    late_.erase(late_.begin(), due);
  }
  const auto changed = layers.version() - 1;
  if (seen < changed) late_.push_back({changed, std::move(step)});
}

} // namespace syngrad
