// Columns side by side, each of parts on top of each other: a histogram of several things.
#pragma once

#include "tools/trace/report/chart.hpp"

namespace syngrad::tools {

struct stacked_columns {
  struct column {
    std::string name;          // below it
    std::vector<double> parts; // as many as series, lowest first
  };

  std::vector<chart_series> series;
  std::vector<column> columns;
  axis_text y;
  std::string x_title;
};

std::string draw(const stacked_columns&, const chart_frame&);

} // namespace syngrad::tools
