// Where the branches of a residual meet.
#pragma once

namespace syngrad {

class stream;
class tensor;

class residual_operators {
public:
  // y = a + b, then max(0, .) if `relu`; a NaN stays one. y may be one of them.
  virtual void sum_branches(stream&, const tensor& a, const tensor& b, bool relu, tensor& y) = 0;

protected:
  ~residual_operators() = default;
};

} // namespace syngrad
