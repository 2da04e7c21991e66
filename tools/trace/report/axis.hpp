// From values to places in a picture: linear and logarithmic, with ticks at round values.
#pragma once

#include <vector>

namespace syngrad::tools {

struct axis {
  double from = 0, to = 1;   // values; on a logarithmic axis above 0
  double begin = 0, end = 1; // where they are in the picture
  bool logarithmic = false;

  // Values outside are drawn at the edge.
  double at(double value) const;
};

// 1, 2 or 5 times a power of ten apart, between `from` and `to`, at most `most` of them.
std::vector<double> round_ticks(double from, double to, int most);
// Powers of ten from `from` to `to`, thinned out to at most `most`.
std::vector<double> power_ticks(double from, double to, int most);
// A round number that is no less than `value`, and little more: for the end of an axis. 1 for what is not above 0.
double round_up(double value);

} // namespace syngrad::tools
