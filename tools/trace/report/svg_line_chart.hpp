// Lines, or dots, over time. A value that is missing interrupts its line; one without neighbours is a dot.
#pragma once

#include "tools/trace/report/chart.hpp"

namespace syngrad::tools {

struct line_chart {
  struct line {
    chart_series series;
    std::vector<float> values; // one a bucket, drawn at its middle; NaN: none
    bool joined = true;        // false: dots only
  };

  std::vector<line> lines;
  double x_from = 0, x_to = 1, y_from = 0, y_to = 1;
  axis_text x, y;
  bool zero_line = false; // a stronger line at 0
};

std::string draw(const line_chart&, const chart_frame&);

} // namespace syngrad::tools
