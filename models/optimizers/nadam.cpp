// Adam with Nesterov's momentum (Dozat, 2016), with decoupled weight decay: see set_nadam_numbers() for the formula.
// Holds the first and second moments.
#include "models/optimizers/optimizers.hpp"

namespace syngrad {

namespace {

class nadam : public optimizer {
public:
  nadam(stream& s, const arena& parameters, const optimizer_settings& settings)
    : optimizer(settings.weight_decay), settings_(settings),
      first_moment_(parameters.make_moment(s, settings.moment_type())),
      second_moment_(parameters.make_moment(s, settings.moment_type())) {}

  step_numbers numbers_of(const optimizer_step& now) const override {
    auto out = numbers_of_step(now);
    set_nadam_numbers(out, settings_.weight_decay, settings_.beta1, settings_.second_beta(), now.number);
    return out;
  }
  std::vector<tensor*> moments() override { return {&first_moment_, &second_moment_}; }

private:
  void step_part(stream& s, const step_arguments& of, std::int64_t from, std::int64_t number) override {
    auto first = first_moment_.view(from, of.value.extents()), second = second_moment_.view(from, of.value.extents());
    s.ops().nadam_step(s, of, first, second, settings_.beta1, settings_.second_beta(), settings_.epsilon, number);
  }

  optimizer_settings settings_;
  tensor first_moment_, second_moment_;
};

} // namespace

std::unique_ptr<optimizer> make_nadam(stream& s, const arena& parameters, const optimizer_settings& settings) {
  return std::make_unique<nadam>(s, parameters, settings);
}

} // namespace syngrad
