// All parameters of a group (or predictor) in contiguous memory: one vector of values and one of gradients in the same
// layout, so that one kernel updates them, one write saves them and one message moves them.
#pragma once

#include "models/learned_state.hpp"
#include "models/parameter.hpp"
#include "runtime/device.hpp"

#include <span>
#include <vector>

namespace syngrad {

// Where the trained parameters of one layer lie, in elements: first its weights, then the output's, which decay as
// well, then all others. Padding between parameters is included and stays zero.
struct arena_range {
  std::int64_t first = 0;
  std::int64_t count = 0;
  std::int64_t decaying = 0; // of `count`
  std::int64_t weights = 0;  // of `decaying`: the output's apart
};

// A weight [out, in...] as a matrix of all that makes one output in a row.
struct arena_matrix {
  std::int64_t first = 0; // element
  std::int64_t rows = 0, columns = 0;
};

// A trained parameter: one with at least two axes as such a matrix, any other one as one row.
struct arena_parameter {
  std::int64_t first = 0; // element
  std::int64_t rows = 0, columns = 0;
  bool is_matrix = false, decays = false;
};

// `elements` rounded up to whole cache lines and full vector registers, so that no vector loop over the floats behind
// them starts in the middle of one.
std::int64_t padded(std::int64_t elements);

// Null where there are none.
tensor make_zero_vector(stream& owner, std::int64_t elements, dtype = dtype::f32);

class arena {
public:
  // Lays out the layers' parameters in order, of each layer as arena_range has it, binds their `value` and `gradient`
  // and fills them with zeros. `layers[i]` are the parameters of layer i.
  arena(stream& owner, const std::vector<std::vector<parameter*>>& layers);

  tensor& values() { return values_; }
  const tensor& values() const { return values_; }
  tensor& gradients() { return gradients_; }
  const tensor& gradients() const { return gradients_; }
  tensor& state() { return state_; } // what is not trained
  const tensor& state() const { return state_; }
  learned_state learned() const;                                              // all three
  std::span<const arena_range> ranges() const { return ranges_; }             // one per layer
  std::span<const arena_matrix> weights() const { return weights_; }          // the output's apart, in order
  std::span<const arena_parameter> parameters() const { return parameters_; } // in order
  std::int64_t trained_elements() const { return trained_elements_; }         // without padding
  // Zeros in the layout of values(), for an optimizer; null where nothing is trained.
  tensor make_moment(stream&, dtype = dtype::f32) const;

private:
  tensor values_, gradients_, state_;
  std::vector<arena_range> ranges_;
  std::vector<arena_matrix> weights_;
  std::vector<arena_parameter> parameters_;
  std::int64_t trained_elements_ = 0;
};

} // namespace syngrad
