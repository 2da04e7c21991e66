// One picture of the report with what belongs to it: what to look for, a legend, and the numbers as a table.
#pragma once

#include "tools/trace/answer.hpp"
#include "tools/trace/report/chart.hpp"

#include <functional>
#include <string>
#include <vector>

namespace syngrad::tools {

struct legend_entry {
  std::string name, css_class;
  double strength = 1; // of the heat colour
};

struct report_figure {
  std::string id;       // unique in the page, letters and hyphens
  std::string title;    // "Where the time went"
  std::string look_for; // a sentence or two
  std::string empty;    // why there is no picture; empty: there is one
  bool half = false;    // on a wide screen beside its neighbour
  std::vector<legend_entry> legend;
  std::function<std::string(const chart_frame&)> draw;
  answer_table table;
};

// `draw`s a chart that is plain data.
template <class Chart>
void show(report_figure& figure, Chart chart) {
  figure.draw = [chart = std::move(chart)](const chart_frame& frame) { return draw(chart, frame); };
}

std::vector<legend_entry> legend_of(const std::vector<chart_series>&);
// From nothing to `full`, in the heat colour.
std::vector<legend_entry> heat_legend(const std::string& none, const std::string& half, const std::string& full);

// A series over time as rows of a table: the first column is the time since the start, in ms.
answer_table table_over_time(const std::string& name, std::int64_t bucket_ns, const std::vector<std::string>& names,
                             const std::vector<std::vector<float>>& series, const answer_column& like);

} // namespace syngrad::tools
