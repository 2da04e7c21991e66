// A strip for each row: how strong something was in each bucket of time, by the strength of a colour.
#pragma once

#include "tools/trace/report/chart.hpp"

namespace syngrad::tools {

struct heat_strips {
  struct strip {
    std::string name;
    std::vector<float> values; // one a bucket; NaN: not drawn
    std::string note;          // right of the strip: its mean, say
  };

  std::vector<strip> strips;
  double full = 1; // the value of full strength
  double from = 0, to = 1;
  axis_text x; // from `from` to `to`
  std::string note_title;
};

std::string draw(const heat_strips&, const chart_frame&);

} // namespace syngrad::tools
