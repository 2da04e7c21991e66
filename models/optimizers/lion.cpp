// Lion (Chen et al., arXiv 2302.06675): every element moves by the rate, with the sign of a mean of gradients, and
// decays apart from that. Holds one moment.
#include "models/optimizers/optimizers.hpp"

namespace syngrad {

namespace {

class lion : public optimizer {
public:
  lion(stream& s, const arena& parameters, const optimizer_settings& settings)
    : optimizer(settings.weight_decay), settings_(settings),
      moment_(parameters.make_moment(s, settings.moment_type())) {}

  step_numbers numbers_of(const optimizer_step& now) const override { return numbers_of_step(now); }
  std::vector<tensor*> moments() override { return {&moment_}; }

private:
  void step_part(stream& s, const step_arguments& of, std::int64_t first, std::int64_t) override {
    auto moment = moment_.view(first, of.value.extents());
    s.ops().lion_step(s, of, moment, settings_.beta1, settings_.second_beta());
  }

  optimizer_settings settings_;
  tensor moment_;
};

} // namespace

std::unique_ptr<optimizer> make_lion(stream& s, const arena& parameters, const optimizer_settings& settings) {
  return std::make_unique<lion>(s, parameters, settings);
}

} // namespace syngrad
