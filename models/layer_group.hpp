// Consecutive layers with one arena and one optimizer: what one group actor owns.
//
// What goes in and out is [rows, features], whatever the shape of a sample inside: that of activations and of their
// gradients. Used by one actor at a time, on one stream. A layer's parameters are updated right after its backward
// pass, while its gradients are in cache; all of them after the whole backward pass where gradients are clipped by
// their norm, which is known then only.
#pragma once

#include "models/chosen_samples.hpp"
#include "models/learning_rate.hpp"
#include "models/network.hpp"
#include "models/optimizer.hpp"
#include "runtime/replay_cache.hpp"

#include <cstdint>
#include <memory>

namespace syngrad {

// What a forward pass began with, from which it can be made again.
struct forward_beginning {
  tensor input; // null: it was not kept
  tensor state; // of the layers, such as random generators and running statistics; null: they have none
  std::vector<tensor> carried;
};

struct group_cache {
  std::vector<tensor> saved;   // of all layers, bottom to top
  following_targets following; // set by who wants later gradients predicted from them, before the backward pass
  std::uint64_t slot = 0;      // of recorded work that it lies in; 0: none
  forward_beginning beginning; // set by layer_group::keep_beginning()
  bool is_there = false;       // `saved` is that of a forward pass

  // What a forward pass that is made again finds anew.
  void drop_saved() {
    for (auto& each : saved) each = {};
    is_there = false;
  }
  void drop() {
    drop_saved();
    following = {};
    beginning.input = beginning.state = {};
    beginning.carried.clear();
  }
};

struct update_request {
  std::int64_t terms; // of the loss, by which the summed gradients are divided
  float learning_rate;
  bool accumulated = false;      // earlier backward passes have left gradients to be added to
  const tensor* guard = nullptr; // nothing is applied where this scalar is not finite
  tensor* nonfinite = nullptr;   // [layers]: elements of each layer that could not be applied
  // The gradient of the whole group, divided by `terms`, is clipped to this norm; 0: it is not. Where its norm is not
  // finite nothing is applied.
  float clip_norm = 0;
  tensor* squared_norm = nullptr; // with clip_norm, a scalar: receives the square of the norm before that division
};

class layer_group {
public:
  // `input`: of a sample; the layers fit on it. Layer i of the group draws its weights from the random stream
  // first_layer + i, so that they do not depend on how layers were grouped.
  layer_group(stream& owner, const sample_spec& input, layer_list layers, const optimizer_settings&, std::uint64_t seed,
              int first_layer);

  const sample_spec& input() const { return input_; }
  const sample_spec& output() const { return output_; }
  int layer_count() const { return static_cast<int>(layers_.size()); }
  int first_layer() const { return first_layer_; }
  std::string describe_layer(int i) const { return layers_[static_cast<std::size_t>(i)]->describe(); }
  std::int64_t parameter_count() const { return arena_.trained_elements(); }
  double multiply_adds() const { return multiply_adds_; } // per sample
  std::int64_t version() const { return version_; }       // updates applied
  double multiply_adds_done() const { return done_; }     // of all training passes so far, those made again among them
  double later_multiply_adds_done() const;                // of the predictions of later gradients
  double optimizer_multiply_adds_done() const {           // of the products of updates
    return static_cast<double>(version_) * optimizer_->multiply_adds_per_step();
  }
  std::uint64_t weight_bytes() const;   // of memory: weights, and the state beside them
  std::uint64_t gradient_bytes() const; // of the weights' gradients

  // Whether forward and backward passes are recorded and replayed, where the device can. Before the first
  // batch.
  void use_recordings(bool);
  replay_cache::counters recordings() const; // zeros where none are used

  // See carrying_part.
  void predict_later(stream&, const later_gradient::options&);
  void begin_evaluation(stream&);

  tensor forward(stream&, const tensor& x, phase, group_cache* cache);
  // Before a training batch's forward pass: keeps what it takes to make it again. Not with recordings, each of which
  // keeps the memory of its cache for itself.
  void keep_beginning(stream&, const tensor& x, group_cache&) const;
  // Makes the forward pass of a batch whose beginning was kept again, for its cache: bit for bit the one that it had,
  // whatever batches came since. With the weights as they are, or where `weights` (of copy_of_weights()) is not null
  // with those. Weights, state and what is carried to the next batch stay as they are.
  void recompute(stream&, group_cache&, const tensor& weights = {});
  // Gradients only; what is accumulated is applied by a later update.
  tensor backward(stream&, const tensor& dy, group_cache&, backward_request);
  // What a backward pass of some samples of the batch needs; of layers that all go back by samples. Parts of `of_all`
  // may be shared.
  void gather_cache(stream&, const chosen_samples&, group_cache& of_all, group_cache& of_chosen) const;
  // A backward pass of those samples: `dy`, and what is returned, [their rows, features], are not weighted; the
  // parameter gradients are sums that are. Not recorded.
  tensor backward_of(stream&, const chosen_samples&, const tensor& dy, group_cache& of_chosen, backward_request);
  // What is trained, as it is now; null where nothing is.
  tensor copy_of_weights(stream&) const;
  // The same itself: passes that are enqueued later read what is written there.
  tensor& trained() { return arena_.values(); }
  // A backward pass that reads the weights of such a copy. Those of the group stay as they are.
  tensor backward_with(stream&, const tensor& weights, const tensor& dy, group_cache&, backward_request);
  // Makes what a backward pass with backward_request::deferred has left to later, in its order, and clears that list.
  // The cache of that pass is still there.
  void backward_deferred(stream&, std::vector<deferred_gradient>&, bool accumulate);
  // Backward and optimizer step in one, layer by layer. Returns the input gradient if wanted.
  tensor backward_and_update(stream&, const tensor& dy, group_cache&, bool input_gradient, const update_request&);
  // Applies what is accumulated.
  void update(stream&, const update_request&);

  struct named_tensor {
    std::string name; // "3.weight": layer number in the network, parameter
    tensor value;
  };
  std::vector<named_tensor> weights(); // parameters and state
  learned_state learned();             // what another group of the same layers and optimizer goes on from
  std::vector<layer*> layers();
  // All that training has changed, to be saved and loaded: weights and state as weights() names them, what the
  // optimizer keeps, what is carried on; not what backward passes have left for an update.
  void keep(state_archive&);
  void keep_layer(state_archive&, int i); // of that layer alone: what does not depend on how layers are grouped
  void go_on_at_version(std::int64_t version) { version_ = version; } // of a group of such layers
  tensor& gradients() { return arena_.gradients(); } // what backward passes have left; null where nothing is trained

private:
  std::string prefix(std::size_t i) const;
  layer_cache cache_of(std::size_t i, group_cache&) const;
  void go_on_from(stream&, const tensor& weights, const tensor& state, std::span<const tensor> carried);
  void count_backward(const tensor& dy, const backward_request&);
  tensor enqueue_forward(stream&, const tensor& x, phase, group_cache* cache);
  tensor enqueue_backward(stream&, const tensor& dy, group_cache&, backward_request);
  tensor enqueue_update(stream&, const tensor& dy, group_cache&, bool input_gradient, const update_request&,
                        const uploaded_numbers* numbers);
  tensor replay_update(stream&, const tensor& dy, group_cache&, bool input_gradient, const update_request&);
  void measure_gradient(stream&);
  void tell_norm(stream&, const update_request&) const;
  void step_all(stream&, const update_request&, const uploaded_numbers* numbers);
  optimizer_step step_of(std::size_t i, const update_request&, tensor& nonfinite) const;
  void step_layer(stream&, std::size_t i, const update_request&, const uploaded_numbers* numbers);

  layer_list layers_;
  sample_spec input_, output_;
  std::vector<std::size_t> cache_begin_; // of each layer's part, and the end
  std::vector<carrying_part*> carrying_parts_;
  double multiply_adds_ = 0, lowest_multiply_adds_ = 0; // of all layers, of the lowest; of a sample
  double done_ = 0;
  std::int64_t seed_; // of what is rounded at random
  int first_layer_;
  arena arena_;
  std::unique_ptr<optimizer> optimizer_;
  tensor squared_norm_; // of the latest gradient that was to be clipped
  std::int64_t version_ = 0;
  std::unique_ptr<replay_cache> recordings_; // null: not used
  std::vector<step_numbers> step_numbers_;   // of each layer's next step
  uploaded_numbers numbers_;                 // the same
  std::vector<tensor*> outputs_;             // while a call lasts
  std::vector<tensor> carried_now_;          // likewise
};

} // namespace syngrad
