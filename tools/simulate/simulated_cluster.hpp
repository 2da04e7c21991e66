// The machines of a simulated run, of what was said about them.
#pragma once

#include "actors/settings.hpp"
#include "actors/simulation/simulated_run.hpp"
#include "actors/wire_choice.hpp"
#include "runtime/result.hpp"

#include <optional>
#include <string>
#include <vector>

namespace syngrad::tools {

// Texts as cluster_text.hpp reads them; they have been read without a fault.
struct simulated_cluster {
  std::string nodes = "1x2", between;
  std::optional<int> cores;   // of the machine that all nodes are on; none: each is one of its own
  std::optional<double> rate; // of a thread, in 10^9 multiply-adds a second; none: it is measured
  std::string link_cost;      // empty: measured where the rate is
  std::string failures, mtbf;
};

// Groups placed by their cost, neighbours beside each other. `multiply_adds_per_s`: of a thread here. Of the settings
// `max_alone` may be open: it is what a run over several processes has, then. The error names the option.
result<simulated_setup> setup_of_cluster(const simulated_cluster&, const training_settings&,
                                         const std::vector<group_work>&, double multiply_adds_per_s,
                                         const wire_choice&);

} // namespace syngrad::tools
