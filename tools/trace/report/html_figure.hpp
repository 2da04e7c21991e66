// A figure as a section of the page: heading, what to look for, legend, the picture for wide and for narrow screens,
// and the numbers behind <details>.
#pragma once

#include "tools/trace/report/report_figure.hpp"

#include <string>

namespace syngrad::tools {

std::string html_of(const report_figure&);
std::string html_of(const answer_table&);

} // namespace syngrad::tools
