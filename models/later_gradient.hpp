// Predicts the gradient of all loss that comes after a chunk of a stream, with respect to the state in which a
// recurrent layer leaves the chunk (Jaderberg et al., arXiv 1608.05343, section 3.1). Truncated backpropagation takes
// that gradient for zero.
//
// The prediction is linear in phi = [state, one-hot targets that follow the chunk, 1], and solved in closed form, as
// ridge's is: recursive least squares with forgetting, here in one dense matrix. The target of the prediction that was
// made for the end of a chunk is the gradient that comes out at the beginning of the next one, whose own end had a
// prediction, too: it is bootstrapped. A state that is kept passes on what is added to it, so that an error which the
// rows of a batch have in common, and each step adds up, sustains itself. Hence the mean of a prediction's rows is
// subtracted from them, where there are several; it counts `discount` of what was learnt; and a row of it is no longer
// than `most` root mean square rows of the gradient that the layer's outputs get.
//
// Gradients are of the sum of the loss's terms, of this chunk and of all later ones, as everywhere in a group: what
// divides them is the number of terms of the chunk whose update they take part in.
//
// Used by one layer, on its stream. Before the first solve the prediction is exactly zero.
#pragma once

#include "models/learned_state.hpp"
#include "runtime/device.hpp"
#include "runtime/result.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace syngrad {

class state_archive;

// How recurrent layers are unrolled over the chunks of a stream.
struct unroll_settings {
  bool predicts = false;               // what comes later is predicted; else it is taken for zero
  std::optional<std::int64_t> targets; // that predictions see; none: as many as are usual

  static result<unroll_settings> parse(const std::string&); // "truncated", "dni" or "dni:TARGETS"
  std::string text() const;
  // For so many classes.
  std::int64_t targets_seen(std::int32_t classes) const;
};

class later_gradient {
public:
  struct options {
    std::int64_t targets = 0; // that a prediction sees, of each row
    std::int32_t classes = 1; // of those
    std::int64_t warmup = 0;  // so many lessons come before the first prediction that is not zero
    float forget = 0.98f;
    float ridge = 1e-3f; // of each diagonal entry
    float discount = 0.95f;
    float most = 4;
  };

  // A state has `parts` of [batch, width] each: of an LSTM its hidden state and its cell.
  later_gradient(stream&, std::int64_t width, std::int64_t parts, options);

  // The gradient of the layer's outputs in a chunk, by whose size predictions are bounded. Once a chunk.
  void measure(stream&, const tensor& dy);
  // Predicts for the end of a chunk. `state` [batch, parts * width], its parts beside each other; `following`: targets
  // i32 [batch, targets], or null: none are known. Into `out`, a tensor [batch, width] for each part. Changes nothing.
  void predict(stream&, const tensor& state, const tensor& following, std::span<tensor> out);
  // Learns what the prediction for that end should have been: `gradient` [batch, parts * width].
  void learn(stream&, const tensor& state, const tensor& following, const tensor& gradient);

  learned_state learned();
  void keep(state_archive&);                          // the same, to be saved and loaded
  std::int64_t features() const { return features_; } // of phi
  double multiply_adds_done() const { return done_; } // so far: of predictions, lessons and solves

private:
  tensor features_of(stream&, const tensor& state, const tensor& following) const;
  static void subtract_mean_row(stream&, tensor& x);
  void solve(stream&);
  std::int64_t interval(std::int64_t batch) const;
  double product_multiply_adds(std::int64_t batch) const; // of a lesson
  double solve_multiply_adds() const;

  std::int64_t width_, parts_, features_;
  options options_;
  tensor products_;      // [features, features]: sum of phi^T phi
  tensor right_side_;    // [features, parts * width]: sum of phi^T gradient
  tensor solution_;      // [parts * width, features]: transposed, so that a part is a view
  tensor squares_;       // [1]: sum of dy's
  tensor measured_;      // [1]: the number of chunks in it, those of long ago counting as little as they do there
  tensor one_hot_;       // [classes, classes]; null: no targets are seen
  tensor scratch_, own_; // of a solve: a copy of the products, the solution before it is transposed
  tensor failed_;
  std::int64_t rows_ = 1;        // of a chunk
  std::int64_t since_solve_ = 0; // lessons
  std::int64_t lessons_ = 0;     // in all
  double done_ = 0;              // multiply-adds
};

} // namespace syngrad
