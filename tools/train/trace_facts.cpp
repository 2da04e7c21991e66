#include "tools/train/trace_facts.hpp"

#include "models/network.hpp"
#include "runtime/text.hpp"

namespace syngrad::tools {

std::map<std::string, std::string> trace_facts_of(const run_settings& s, const counted_unit& unit) {
  return {{"program", "syngrad " SYNGRAD_VERSION},
          {"model", name_of_model(s.model)},
          {"policy", s.policy},
          {"predictor", s.synthetic.kind},
          {"groups", std::to_string(s.split.size())},
          {"split", join_text(s.split, ",")},
          {"batch_size", std::to_string(s.batch_size)},
          {"unit", unit.name},
          {"units_a_sample", std::to_string(unit.a_sample)},
          {"steps", std::to_string(s.steps)},
          {"threads", std::to_string(s.threads)},
          {"deterministic", s.deterministic ? "true" : "false"},
          {"trace", s.trace}};
}

} // namespace syngrad::tools
