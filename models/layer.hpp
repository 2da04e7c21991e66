// A layer maps a batch of activations to a batch of activations, and gradients back.
//
// Used by one actor at a time, on one stream. What belongs to a batch lives in its cache, so several batches can be in
// flight through one layer, and backward passes may come in any order and late: they use the cache and the weights of
// the moment. A forward pass can be made again, from the same input (layer_group::recompute): what it changes beside
// the cache is in parameters that are state, or in a carrying part.
#pragma once

#include "models/later_gradient.hpp"
#include "models/parameter.hpp"
#include "runtime/device.hpp"
#include "runtime/random.hpp"
#include "runtime/result.hpp"
#include "runtime/sample_spec.hpp"

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace syngrad {

enum class phase : std::uint8_t { train, evaluate };

// What a layer keeps of one batch between forward and backward: cached_tensors() of them, whose meaning is the layer's
// own business. Empty in phase::evaluate.
using layer_cache = std::span<tensor>;

struct chosen_samples;

// What the predictions of later gradients see of a stream's targets (later_gradient.hpp): those that follow the batch
// before, which are the batch's own first ones, and those that follow the batch. i32 [batch, n], or null: not known.
struct following_targets {
  tensor before, after;
};

class layer;
class state_archive;

// What a layer has left out of a backward pass to make it later: see layer::backward_parameters().
struct deferred_gradient {
  layer* of;
  int part;          // of the layer's parameters: its own business
  tensor dy;         // at the output of that part
  layer_cache cache; // of the batch, which has to be there until then
};

struct backward_request {
  bool input_gradient = true;
  bool parameter_gradient = true;
  bool accumulate = false;    // add to the parameter gradients instead of overwriting them
  bool is_correction = false; // dy is the difference to that of a pass before, which had all that comes later
  const following_targets* following = nullptr; // null: nothing comes later
  // Of a pass that is of these samples alone: the cache is theirs (gather_cache), and dy has their rows, each
  // multiplied by its sample's weight; so is what is returned. Null: all of the batch.
  const chosen_samples* chosen = nullptr;
  // Where not null, a layer may leave gradients of its parameters to later: it adds here what that takes.
  std::vector<deferred_gradient>* deferred = nullptr;
};

// A layer, or a part of one, that goes on in a batch where the one before ended, so that their rows have to continue
// each other.
class carrying_part {
public:
  virtual ~carrying_part() = default;

  // The batches that are evaluated from now on continue each other, too, and the first begins at zero. Who is never
  // told begins at zero in each.
  virtual void begin_evaluation(stream&) = 0;
  // Gradients of what comes after a batch are predicted, not taken for zero. Before the first batch.
  virtual void predict_later(stream&, const later_gradient::options&) = 0;
  virtual learned_state learned() = 0;           // beside parameters: of those predictions
  virtual double multiply_adds_done() const = 0; // of them, so far
  // All that training batches to come go on from: what is carried, and those predictions.
  virtual void keep(state_archive&) = 0;

  // What the next training batch goes on from, for a forward pass that is made again later: tensors, some of them null,
  // are added to `kept`, copies of what such a batch changes.
  virtual void keep_carried(stream&, std::vector<tensor>& kept) const = 0;
  // The next training batch goes on from that again: takes what keep_carried() added from the front of `kept`.
  virtual void carry_on_from(stream&, std::span<const tensor>& kept) = 0;
};

class layer {
public:
  virtual ~layer() = default;

  virtual std::string describe() const = 0; // "linear 784->256"
  // What it makes of a sample like that, or what it takes instead: "takes 784 features".
  virtual result<sample_spec> infer(const sample_spec& below) const = 0;
  // Of forward and backward, per sample: the cost that groups are balanced by. `below` is one that infer() accepts.
  virtual double multiply_adds(const sample_spec& below) const = 0;
  // Of a batch of such samples that it trains on.
  virtual std::int64_t least_samples(const sample_spec& below) const { return static_cast<void>(below), 1; }
  virtual std::size_t cached_tensors() const { return 0; }
  // Whether what it gives for a position depends, in evaluation, on that position alone and on a state that comes from
  // those before it: then a text may be given to it in pieces of any length.
  virtual bool works_by_position() const { return false; }
  // Whether evaluation goes on from the state that the evaluation before has left, where the layer has one; at first it
  // does not. Each call lets the next evaluation begin anew.
  virtual void continue_evaluations(bool wanted) { static_cast<void>(wanted); }
  virtual std::vector<carrying_part*> carrying_parts() { return {}; } // stable addresses
  // Whether a backward pass may be of some samples of a batch alone.
  virtual bool goes_back_by_samples() const { return false; }
  // The cache of those samples, of a layer that does so. Unless overridden each cached tensor is [batch, ...].
  virtual void gather_cache(stream&, const chosen_samples&, layer_cache of_all, layer_cache of_chosen) const;

  virtual std::vector<parameter*> parameters() { return {}; } // stable addresses; empty for layers without
  virtual void initialize(stream&, random_source&) {}         // after the parameters were bound to an arena

  // x [batch, positions..., features] -> likewise, as infer() says of its samples.
  virtual tensor forward(stream&, const tensor& x, phase, layer_cache cache) = 0;
  // dy, shaped as y was, per loss term. Returns dLoss/dx, shaped as x was, or a null tensor where it was not requested.
  // Parameter gradients are summed over the rows; the optimizer divides.
  virtual tensor backward(stream&, const tensor& dy, layer_cache cache, backward_request) = 0;
  // Of a layer that leaves them to later: the gradients of that part of its parameters, added to what is there, or
  // instead of it. A backward pass in two parts does the same work, and gives the same numbers, as one in one.
  virtual void backward_parameters(stream&, int part, const tensor& dy, layer_cache cache, bool accumulate);

protected:
  // Makes them, or leaves them to later, as it is wanted.
  void make_or_defer(stream&, int part, const tensor& dy, layer_cache cache, const backward_request&);
};

using layer_list = std::vector<std::unique_ptr<layer>>;

// What infer() answers where a layer takes `features` of each row and gives `gives`.
inline result<sample_spec> infer_rows(const sample_spec& below, std::int64_t features, std::int64_t gives) {
  if (below.type != dtype::f32 || below.extents.rank() == 0 || below.features() != features)
    return error::setting("takes " + std::to_string(features) + " features");
  return sample_spec{below.extents.with_features(gives)};
}

} // namespace syngrad
