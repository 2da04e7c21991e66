#include "actors/setting_checks.hpp"

#include "models/learning_rate.hpp"
#include "models/objective.hpp"

namespace syngrad {

namespace {

status check_rates(const training_settings& s) {
  if (auto rate = learning_rate::parse(1, s.schedule, s.steps); !rate) return refuse("schedule", rate.message());
  return ok();
}

status check_objective(const training_settings& s) {
  const auto judge = make_objective(s.objective);
  if (!judge) return refuse("objective", judge.message());
  if (!s.target) return ok();
  if (auto good = check_target(*s.target, **judge); !good) return refuse("target", good.message());
  return ok();
}

status check_optimizers(const training_settings& s) {
  for (const auto* each : {&s.optimizer, &s.synthetic.optimizer}) {
    const std::string prefix = each == &s.optimizer ? "" : "sg-";
    if (each->momentum != 0 && each->name != "sgd")
      return refuse(prefix + "momentum",
                    "expected --" + prefix + "optimizer sgd with it, got " + each->name + ", which has its own");
    if (each->nesterov && each->momentum == 0)
      return refuse(prefix + "nesterov",
                    "expected --" + prefix + "optimizer sgd and --momentum above 0 with it; add --momentum 0.9");
    const optimizer_settings usual;
    if (each->name != "muon" && each->adam_ratio != usual.adam_ratio)
      return refuse(prefix + "adam-ratio", "expected --" + prefix + "optimizer muon with it, got " + each->name);
    if (each->muon_every != usual.muon_every && each->name != "muon")
      return refuse(prefix + "muon-every", "expected --" + prefix + "optimizer muon with it, got " + each->name);
    if (each->relative_steps && each->name != "adafactor")
      return refuse(prefix + "relative-steps",
                    "expected --" + prefix + "optimizer adafactor with it, got " + each->name);
    if (each->moments != usual.moments && !each->has_choice_of_moments() && check_optimizer(*each))
      return refuse(prefix + "moments", "expected --" + prefix +
                                          "optimizer adam, adamw, nadam, lion, muon, or sgd with " +
                                          "--momentum with it, got " + each->name + "; leave it out");
    if (each->name == "adafactor" && (each->beta1 != usual.beta1 || each->second_beta() != usual.second_beta()))
      return refuse(prefix + "betas", "expected --" + prefix +
                                        "optimizer other than adafactor with it, whose means follow the number of "
                                        "steps; leave it out");
    if (each->name == "sgd" && (each->beta1 != usual.beta1 || each->second_beta() != usual.second_beta()))
      return refuse(prefix + "betas",
                    "expected --" + prefix + "optimizer other than sgd with it, which has --momentum");
    if ((each->name == "sgd" || each->name == "lion" || each->name == "adafactor") && each->epsilon != usual.epsilon)
      return refuse(prefix + "epsilon", "expected --" + prefix +
                                          "optimizer adam, adamw, adam8bit, nadam or muon with it, got " + each->name +
                                          "; leave it out");
    if (auto good = check_optimizer(*each); !good) return refuse(prefix + "optimizer", good.message());
  }
  return ok();
}

} // namespace

status check_optimizer_settings(const training_settings& settings) {
  return first_fault({check_rates, check_objective, check_optimizers}, settings);
}

} // namespace syngrad
