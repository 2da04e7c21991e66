// How values are spread, on a logarithmic axis: a dot at the median, a thick line up to p90, a thinner one to p99, a
// hair line to p99.9. A row has a range for each series that has any values.
#pragma once

#include "tools/trace/report/chart.hpp"

namespace syngrad::tools {

struct spread {
  double p50 = 0, p90 = 0, p99 = 0, p999 = 0;
};

struct range_chart {
  struct part {
    std::size_t series = 0;
    spread values;
  };
  struct row {
    std::string name;
    std::vector<part> parts; // drawn one below the other
  };

  std::vector<chart_series> series;
  std::vector<row> rows;
  axis_text x;
  double least = 1; // values below are drawn at the left end, which is no lower
};

std::string draw(const range_chart&, const chart_frame&);

} // namespace syngrad::tools
