// The report as one HTML page that needs nothing else: no script, no font, no picture from anywhere.
#pragma once

#include "tools/trace/report/report_data.hpp"

#include <string>

namespace syngrad::tools {

std::string make_report(const report_data&);

} // namespace syngrad::tools
