// The measurements of `syngrad bench`.
#pragma once

#include "runtime/result.hpp"
#include "tools/bench/bench_report.hpp"

#include <functional>
#include <string>

namespace syngrad::tools {

// Takes minutes with the default settings. `say` hears what is being measured. `stopped` is asked between two bursts:
// once it is true, the report has what was measured whole.
result<bench_report> measure(const bench_settings&, const std::function<void(const std::string&)>& say,
                             const std::function<bool()>& stopped);

// The middle one, or the mean of the two middle ones; of at least one value.
double median(std::vector<double> values);

} // namespace syngrad::tools
