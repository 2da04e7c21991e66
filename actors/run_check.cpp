#include "actors/run_check.hpp"

#include "actors/setting_checks.hpp"
#include "actors/setting_schema.hpp"

namespace syngrad {

status check_settings(const training_settings& settings) {
  run_settings all;
  static_cast<training_settings&>(all) = settings;
  if (auto good = check_values(all); !good) return good;
  return first_fault({check_optimizer_settings, check_delay_settings, check_link_settings, check_policy_settings},
                     settings);
}

status check_run(const training_settings& settings, const network& net, const dataset* data) {
  if (auto good = check_settings(settings); !good) return good;
  if (auto fits = infer_specs(net); !fits) return fits.failure();
  if (auto good = check_split(settings.split, net); !good) return good;
  if (auto good = check_model_settings(settings, net); !good) return good;
  if (!data) return ok();
  if (auto good = check_data(settings, net, *data); !good) return good;
  return check_sample_sets(*data);
}

} // namespace syngrad
