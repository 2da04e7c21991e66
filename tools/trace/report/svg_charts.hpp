// The charts of a report, plain data each, which know nothing of traces.
#pragma once

#include "tools/trace/report/chart.hpp"

namespace syngrad::tools {

// Horizontal bars, each of parts end to end, with names at the left and what they amount to at the right or within.
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

// Columns side by side, each of parts on top of each other: a histogram of several things.
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

// A strip for each row: how strong something was in each bucket of time, by the strength of a colour.
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

// A square of cells, from rows to columns: the more, the stronger the colour, on a logarithmic scale.
struct matrix_chart {
  std::vector<std::string> names;          // of rows and of columns
  std::vector<std::vector<double>> values; // [from][to]; 0: an empty cell
  std::string row_title, column_title;     // "from", "to"
  show_quantity show = show_number;
};

// How strong the colour of a value is, 0 to 1: from 0.22 for the least above 0 to 1 for the largest.
double shade_of(double value, double least, double largest);
std::string draw(const matrix_chart&, const chart_frame&);

// Lines, or dots, over time. A value that is missing interrupts its line; one without neighbours is a dot.
struct line_chart {
  struct line {
    chart_series series;
    std::vector<float> values; // one a bucket, drawn at its middle; NaN: none
    bool joined = true;        // false: dots only
  };

  std::vector<line> lines;
  double x_from = 0, x_to = 1, y_from = 0, y_to = 1;
  bool logarithmic = false; // y
  axis_text x, y;
  bool zero_line = false; // a stronger line at 0
};

std::string draw(const line_chart&, const chart_frame&);

// How values are spread, on a logarithmic axis: a dot at the median, a thick line up to p90, a thinner one to p99, a
// hair line to p99.9. A row has a range for each series that has any values.

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
