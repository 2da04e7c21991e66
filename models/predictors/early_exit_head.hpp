// `head:early-exit`: the gradient of the loss of a local head that is solved in closed form, without steps of an
// optimizer. With n of head_input, x = [n, 1] and y the one-hot label, for every batch
//
//   S <- forget S + x^T x    [inputs + 1, inputs + 1]
//   C <- forget C + x^T y    [inputs + 1, classes]
//   W  = (S + ridge mean(diag S) I)^-1 C
//
// at each of the first trainings, then at every 4th. Its loss is the one that W is the least of: half the square of
// x W - y, whose gradient at h is what goes through n of (x W - y) W^T. Until there is a W, that is exactly zero.
//
// `forget` is of a whole batch: a training on a part of one forgets less, so that what it remembers is as many rows.
// A ridge that large leaves directions alone that hardly tell classes apart: with 1e-3 784-256x5-10 in six groups errs
// on 3.47 % of MNIST after 600 steps (one seed), with 0.1 and 0.3 on 2.48 %, with 1 on 3.20 %. Cross-entropy of 4, 10
// or 25 x W in the place of the squares: 5.9, 4.0, 9.3 % with 1e-3.
//
// Rows without a label are in no sum, and have no gradient. A batch that is not finite changes neither S nor C.
//
// S is kept in blocks, and those with the constant follow from sums by label, of which C is made, too:
//
//   | products of n     sums of n |      | sums of n by label, transposed |
//   |                   count     |      | counts of labels               |
#pragma once

#include "models/head_input.hpp"
#include "models/parameter.hpp"
#include "models/predictors/predictor_kind.hpp"
#include "models/remembered_batches.hpp"

namespace syngrad {

class early_exit_head : public synthetic_gradient_model {
public:
  static constexpr float forget = 0.98f, ridge = 0.3f;
  static constexpr std::int64_t solved_at_first = 8, interval = 4; // trainings

  early_exit_head(stream&, const predictor_task&);

  static synthetic_gradient_size size_of(const predictor_task&); // solves apart, which are counted when they are made

  std::int64_t parameter_count() const override { return solution_.extents.elements(); }
  double predict_multiply_adds() const override { return size_of(task()).predict_multiply_adds; }
  double train_multiply_adds() const override { return size_of(task()).train_multiply_adds; }

  // Solves at once where it is due: that takes no longer than a training. Always null.
  std::shared_ptr<background_solve> begin_solve(stream&) override;

  std::vector<parameter*> parameters() override { return {&solution_, &statistics_}; }

protected:
  bool maps_rows() const override { return task().has_label_for_each_row(); }
  learned_state learned_by_kind() override { return {{solution_.value, statistics_.value}, {&trained_}, {}}; }
  tensor enqueue_predict(stream&, const tensor& h, const tensor& labels) override;
  void enqueue_train(stream&, const batch&) override;
  void prepare_training(stream&, std::int64_t labels, double share, float rate) override;

private:
  tensor has_label(stream&, const tensor& labels) const; // [labels, 1]: 1, or 0 where there is none
  tensor error_of(stream&, const head_input::seen&, const tensor& labels) const;
  void assemble(stream&);

  head_input input_;
  parameter solution_;          // W [inputs + 1, classes]
  parameter statistics_;        // in the views below
  tensor products_;             // [inputs, inputs]: its upper triangle
  tensor sums_;                 // [classes, inputs]: of n, by label
  tensor counts_;               // [classes, 1]
  tensor ones_;                 // [classes, 1]
  tensor minus_mean_;           // [classes]: -1/classes
  tensor normal_, right_side_;  // of a solve: S and C
  tensor sum_, count_, failed_; // likewise
  std::int64_t trained_ = 0;
  float forget_ = 1; // of the training under way
  remembered_batches<head_input::seen> remembered_;
};

} // namespace syngrad
