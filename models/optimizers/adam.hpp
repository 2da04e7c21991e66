// Adam (Kingma and Ba, arXiv 1412.6980), with weight decay added to the gradient, or decoupled from it: AdamW
// (Loshchilov and Hutter, arXiv 1711.05101). Holds the first and second moments.
#pragma once

#include "models/optimizer.hpp"

namespace syngrad {

class adam : public optimizer {
public:
  enum class decay : std::uint8_t { in_gradient, decoupled };

  adam(stream&, const arena&, const optimizer_settings&, decay);

  void step(stream&, arena&, arena_range, const optimizer_step&) override;
  step_numbers numbers_of(const optimizer_step&) const override;
  std::vector<tensor*> moments() override { return {&first_moment_, &second_moment_}; }

private:
  optimizer_settings settings_;
  decay decay_;
  tensor first_moment_, second_moment_;
};

} // namespace syngrad
