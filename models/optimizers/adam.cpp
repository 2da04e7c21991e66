// Adam (Kingma and Ba, arXiv 1412.6980), with weight decay added to the gradient, or decoupled from it: AdamW
// (Loshchilov and Hutter, arXiv 1711.05101). Holds the first and second moments.
#include "models/optimizers/optimizers.hpp"

namespace syngrad {

namespace {

class adam : public optimizer {
public:
  enum class decay : std::uint8_t { in_gradient, decoupled };

  adam(stream&, const arena&, const optimizer_settings&, decay);

  step_numbers numbers_of(const optimizer_step&) const override;
  std::vector<tensor*> moments() override { return {&first_moment_, &second_moment_}; }

private:
  void step_part(stream&, const step_arguments&, std::int64_t first, std::int64_t number) override;

  optimizer_settings settings_;
  decay decay_;
  tensor first_moment_, second_moment_;
};

adam::adam(stream& s, const arena& parameters, const optimizer_settings& settings, decay how)
  : optimizer(settings.weight_decay), settings_(settings), decay_(how),
    first_moment_(parameters.make_moment(s, settings.moment_type())),
    second_moment_(parameters.make_moment(s, settings.moment_type())) {}

void adam::step_part(stream& s, const step_arguments& of, std::int64_t from, std::int64_t number) {
  auto first = first_moment_.view(from, of.value.extents());
  auto second = second_moment_.view(from, of.value.extents());
  s.ops().adam_step(s, of, first, second, settings_.beta1, settings_.second_beta(), settings_.epsilon, number,
                    decay_ == decay::decoupled);
}

step_numbers adam::numbers_of(const optimizer_step& now) const {
  auto out = numbers_of_step(now);
  set_adam_numbers(out, settings_.weight_decay, settings_.beta1, settings_.second_beta(), now.number,
                   decay_ == decay::decoupled);
  return out;
}

} // namespace

std::unique_ptr<optimizer> make_adam(stream& s, const arena& parameters, const optimizer_settings& settings) {
  return std::make_unique<adam>(s, parameters, settings, adam::decay::in_gradient);
}

std::unique_ptr<optimizer> make_adamw(stream& s, const arena& parameters, const optimizer_settings& settings) {
  return std::make_unique<adam>(s, parameters, settings, adam::decay::decoupled);
}

} // namespace syngrad
