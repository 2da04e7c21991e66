// Horizontal bars, each of parts end to end, with names at the left and what they amount to at the right or within.
#pragma once

#include "tools/trace/report/chart.hpp"

namespace syngrad::tools {

struct stacked_bars {
  struct bar {
    std::string name;
    std::vector<double> parts; // as many as series
    std::string note;          // right of the bar; empty: none
  };

  std::vector<chart_series> series;
  std::vector<bar> bars;
  double full = 0; // the value at the right end; 0: the next round one above the longest bar
  axis_text x;
};

// The end of the axis: `full`, or what it stands for.
double axis_end(const stacked_bars&);
std::string draw(const stacked_bars&, const chart_frame&);

} // namespace syngrad::tools
