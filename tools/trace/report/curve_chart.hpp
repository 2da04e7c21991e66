// Curves through points, each with a spread, over numbers or over names: what several things reach, and when.
#pragma once

#include "tools/trace/report/chart.hpp"

namespace syngrad::tools {

struct curve_chart {
  struct point {
    double x = 0; // over names: the number of one
    double y = 0;
    double low = 0, high = 0; // the spread; both `y`: none
  };
  struct curve {
    chart_series series;
    std::vector<point> points; // by x
  };

  std::vector<curve> curves;
  std::vector<std::string> names; // below the points, evenly spaced; empty: x is a number
  bool logarithmic = false;       // y, which is above 0 then
  bool dots = false;              // at each point, with a line along its spread; else thin lines bound the spread
  axis_text x, y;
};

// The axes begin and end where the points do; y begins at 0 where it is not logarithmic.
std::string draw(const curve_chart&, const chart_frame&);

// Ticks of a logarithmic axis: powers of ten or, where there are few of those, also 2 and 5 times a power.
std::vector<double> fine_ticks(double from, double to);

} // namespace syngrad::tools
