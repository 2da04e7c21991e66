// The report as one HTML page that needs nothing else: no script, no font, no picture from anywhere.
#pragma once

#include "tools/trace/report/report_data.hpp"

#include <string>
#include <string_view>

namespace syngrad::tools {

std::string make_report(const report_data&);

// The style sheet of the report: colours of light and dark, type, and how the page fits a phone.
std::string_view page_style();

} // namespace syngrad::tools
