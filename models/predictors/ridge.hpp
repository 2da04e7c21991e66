// The linear map of phi = [h, one-hot label, 1] to the gradient, in closed form: recursive least squares with
// forgetting. With every batch
//
//   S <- forget S + phi^T phi      [m, m], m = features + classes + 1
//   C <- forget C + phi^T target   [m, features]
//
// and every `interval` batches P = (S + ridge mean(diag S) I)^-1 C, solved on a copy. The prediction is phi P.
// There is no learning rate, and the scale of the targets does not matter: gradients shrink by orders of magnitude
// as a loss falls, where the steps of an optimizer such as Adam do not.
//
// `forget` is of a whole batch: a training on a part of one forgets less, so that what it remembers is as many rows.
// Where rows have weights, phi^T is that of weighted rows.
//
// A batch whose activation or target is not finite changes neither S nor C.
//
// S is kept in blocks, so that one-hot rows are sums by label instead of products, and by its upper triangle, which is
// all that a solve reads:
//
//   | products of h    (sums of h)^T |
//   |                  counts        |   sums by label, then over all
#pragma once

#include "models/predictors/predictor_kind.hpp"

namespace syngrad {

// One closed-form solve of a ridge predictor: (S + ridge mean(diag S) I) P = C, on copies of S and C.
//
// Made once per predictor and recycled. Between begin_solve and finish_solve it belongs to whoever runs it; its
// tensors are not touched by the predictor then.
class ridge_solve : public background_solve {
public:
  static constexpr float ridge = 1e-3f;

  // unknowns: rows of P; features: columns of P.
  ridge_solve(stream& owner, std::int64_t unknowns, std::int64_t features);

  void run(stream& solver) override;

  tensor normal;     // S [unknowns, unknowns], its upper triangle; destroyed by run()
  tensor right_side; // C [unknowns, features]
  tensor solution;   // P [unknowns, features]: before run() the solution in force, which stays if the solve fails
  tensor failed;     // [1]: 1 where it did
};

class ridge_predictor : public synthetic_gradient_model {
public:
  // Fresh solutions are what holds accuracy with depth. MNIST, 12 groups, `corrected`, 3,000 steps, one seed: 3.6 %
  // with a solve every 5 batches, 2.0 % with one every 3. At 5, forgetting 0.97 / 0.98 / 0.99 gave 2.7 / 3.6 / 4.4 %.
  struct options {
    float forget = 0.97f; // in (0, 1]
    // Trainings from one solve to the next; 0: as many as cost what a solve does, at least 1.
    std::int64_t interval = 0;
  };

  // Without classes it is not conditioned, and labels are ignored.
  ridge_predictor(stream&, const predictor_task&, options);

  static synthetic_gradient_size size_of(std::int64_t features, std::int32_t classes);

  std::int64_t parameter_count() const override { return unknowns_ * features_; }
  double predict_multiply_adds() const override;
  double train_multiply_adds() const override; // the solve included, spread over the batches of an interval

  // Null while a solve is out. Where sums of large batches have made S or C infinite, they start anew here, and the
  // solution in force stays.
  std::shared_ptr<background_solve> begin_solve(stream&) override;
  void finish_solve(stream&, background_solve&) override;
  std::shared_ptr<background_solve> begin_solve_again(stream&) override;

  std::vector<parameter*> parameters() override { return {&solution_, &statistics_}; }

protected:
  learned_state learned_by_kind() override {
    return {{solution_.value, statistics_.value}, {&since_solve_, &batch_size_}, {}};
  }
  tensor enqueue_predict(stream&, const tensor& h, const tensor& labels) override;
  void enqueue_train(stream&, const batch&) override;
  void prepare_training(stream&, std::int64_t rows, double share, float rate) override;

private:
  double solve_multiply_adds() const;
  std::int64_t interval() const; // resolved

  void add_sums(stream&, const tensor& x, const tensor& labels, const tensor& guard, tensor& table);
  void forget_nonfinite(stream&);
  void copy_state(stream&);

  std::int64_t features_, classes_, unknowns_;
  options options_;
  parameter solution_;   // P [unknowns, features]
  parameter statistics_; // S and C, in the views below
  tensor products_;      // [features, features]: sum of h^T h, its upper triangle
  tensor sums_;          // [classes + 1, features]: of h
  tensor counts_;        // [classes + 1, classes + 1]: of [one-hot label, 1]
  tensor right_side_;    // C [unknowns, features]
  tensor one_hot_;       // [classes, classes + 1]: identity and a column of zeros; null where not conditioned
  tensor constant_;      // [classes + 1]: 0, ..., 0, 1
  std::shared_ptr<ridge_solve> solve_;
  bool solving_ = false;
  float forget_ = 1;             // of the training under way
  std::int64_t since_solve_ = 0; // trainings
  std::int64_t batch_size_ = 0;  // rows of the last training
};

extern const predictor_kind ridge_kind;

} // namespace syngrad
