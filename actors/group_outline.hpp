// What the groups of a run will be, found from the layers before anything is built: the process that places groups on
// nodes may have no room for the weights of a large model.
#pragma once

#include "actors/settings.hpp"
#include "models/learning_rate.hpp"
#include "models/network.hpp"
#include "models/synthetic_gradient_model.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace syngrad {

class update_policy;

struct group_outline {
  std::string units; // "0-1"
  int first_layer = 0;
  std::vector<layer*> layers;     // of the network, which outlives this; bottom to top
  std::vector<sample_spec> specs; // of the group's input, then of what each layer gives
  std::optional<synthetic_gradient_size> predictor;
  std::string predictor_kind; // of the run: never `auto`

  const sample_spec& input() const { return specs.front(); }
  const sample_spec& output() const { return specs.back(); }
  double multiply_adds() const;           // of the layers, per sample, forward and backward
  double predictor_multiply_adds() const; // per sample
  std::uint64_t weight_bytes() const;     // parameters and state
};

// "3" or "3-5".
std::string name_of_units(int first, int count);

// What a predictor above a group has to do, in a network with that output.
predictor_task task_of(const sample_spec& activation, const sample_spec& output);

// The largest momentum of NAdam that --momentum-by-delay gives.
inline constexpr float delayed_momentum = 0.99f;

// Updates between a group's forward pass and that with its gradient, as they are to be expected: those of a
// deterministic run, a batch a turn.
double delay_of_group(const training_settings&, int index);

// With momentum_by_delay the momentum of NAdam rises with a group's delay, to delayed_momentum where it is longest
// (Ajanthan et al., arXiv 2505.01099): beta1 + (0.99 - beta1) * delay / longest delay.
optimizer_settings optimizer_of_group(const training_settings&, int index);

// The run's `rate`, with discount_by_delay that of a group whose gradients come late: discounted by its delay, over the
// first quarter of the run.
learning_rate rate_of_group(const training_settings&, const learning_rate& rate, int index);

// Bottom to top. The settings and the network have passed check_run().
std::vector<group_outline> outline_groups(const training_settings&, const network&);

// Turns by which gradients are handled late at group `index` of `count` in a deterministic run: --lag or the policy's
// own, and what --link adds in batches at the interface above the group or, where gradients come down a chain, from the
// loss or mixed on the way, at all of them above it.
int lag_of_group(const training_settings&, const update_policy&, int index, int count);

// One more than the batches whose gradient may be outstanding at group `index` of `count`: as many as the policy says,
// or as can be above it at once, by their credits, at least what `lag` turns hold back, and no more than the run has.
std::int64_t cache_limit_of(const training_settings&, int index, int count, int lag);

// Activations that group `index` of `count` lets come at once. Of a policy that bounds itself what is in flight, as
// many as the group below has of them, and one more, as a credit comes back a little after a gradient: none of its
// passes then waits for one. To the source, as set.
int credits_of(const training_settings&, int index, int count);

} // namespace syngrad
