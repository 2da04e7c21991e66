// A square of cells, from rows to columns: the more, the stronger the colour, on a logarithmic scale.
#pragma once

#include "tools/trace/report/chart.hpp"

namespace syngrad::tools {

struct matrix_chart {
  std::vector<std::string> names;          // of rows and of columns
  std::vector<std::vector<double>> values; // [from][to]; 0: an empty cell
  std::string row_title, column_title;     // "from", "to"
  show_quantity show = show_number;
};

// How strong the colour of a value is, 0 to 1: from 0.22 for the least above 0 to 1 for the largest.
double shade_of(double value, double least, double largest);
std::string draw(const matrix_chart&, const chart_frame&);

} // namespace syngrad::tools
