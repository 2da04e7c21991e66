// What a report may have to show, made by hand: a run of six groups with everything in it, and one with nothing.
#pragma once

#include "tools/trace/report/report.hpp"

namespace syngrad::test {

tools::report_data sample_report();
tools::report_data empty_report();

} // namespace syngrad::test
