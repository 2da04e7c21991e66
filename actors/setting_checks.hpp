// What run_check.hpp checks, by subject: each finds the first fault of its part. One that is asked takes what those
// before it have found good.
//
// | file              | of                                                                        |
// |-------------------|---------------------------------------------------------------------------|
// | optimizer_checks  | objective, optimizer, schedule                                            |
// | delay_checks      | gradients that come late, and times                                       |
// | link_checks       | what crosses between groups                                               |
// | policy_checks     | what only some policies take                                              |
// | model_checks      | the network: its split, its layers, its predictors                        |
// | data_checks       | data that the network takes, and samples that are what their set says     |
#pragma once

#include "actors/run_check.hpp"

#include <initializer_list>
#include <string>

namespace syngrad {

inline error refuse(const std::string& setting, const std::string& why) {
  return error::setting(setting + ": " + why);
}

template <typename... What>
status first_fault(std::initializer_list<status (*)(const What&...)> checks, const What&... what) {
  for (const auto check : checks)
    if (auto good = check(what...); !good) return good;
  return ok();
}

status check_optimizer_settings(const training_settings&);
status check_delay_settings(const training_settings&);
status check_link_settings(const training_settings&);
status check_policy_settings(const training_settings&);
status check_model_settings(const training_settings&, const network&); // which have passed check_split()
status check_sample_sets(const dataset&);

} // namespace syngrad
