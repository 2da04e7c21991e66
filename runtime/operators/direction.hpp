// Steps along a direction that is made of the gradient of a whole matrix: from gradient to direction, what is done with
// a direction, and the step.
#pragma once

namespace syngrad {

class stream;
class tensor;
struct step_arguments;  // runtime/optimizer_step.hpp
struct direction_scale; // the same

class direction_operators {
public:
  // Nesterov's momentum: velocity = momentum * velocity + g; direction = g + momentum * velocity.
  //
  // g is made of the gradient as in any other step, and the same elements are counted; value, rate and decay are not
  // used. Of an element that is not applied, and of all where nothing is, the velocity stays and counts without g.
  virtual void momentum_direction(stream&, const step_arguments&, tensor& velocity, float momentum,
                                  tensor& direction) = 0;
  // x /= max(factor * sqrt(squared_norm), least); `squared_norm` is a scalar.
  virtual void divide_by_norm(stream&, const tensor& squared_norm, float factor, float least, tensor& x) = 0;
  // sum += factor (a + shift I)^-1, of a symmetric a [n, n] without negative eigenvalues, in f32 whatever the
  // precision. Where that is not finite the sum stays as it is.
  virtual void add_shifted_inverse(stream&, const tensor& a, float shift, float factor, tensor& sum) = 0;
  // value -= rate * (scale * direction + weight_decay * value), where `direction` is finite. Of the arguments neither
  // gradient, scale nor `nonfinite` are used: those have had their effect on the direction.
  virtual void direction_step(stream&, const step_arguments&, const tensor& direction, const direction_scale&) = 0;

protected:
  ~direction_operators() = default;
};

} // namespace syngrad
