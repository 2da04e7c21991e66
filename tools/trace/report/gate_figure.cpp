#include "tools/trace/report/figures.hpp"
#include "tools/trace/report/svg_charts.hpp"

#include <algorithm>
#include <fmt/core.h>

namespace syngrad::tools {

namespace {

stacked_bars::bar bar_of(const gradient_quality& one) {
  stacked_bars::bar bar{fmt::format("interface {}", one.interface), std::vector<double>(gate_state_count, 0),
                        fmt::format("{} turns", one.gate.size() - 1)};
  for (std::size_t i = 0; i < one.gate.size(); ++i) {
    const auto until = i + 1 < one.gate.size() ? std::int64_t{one.gate[i + 1].batch} : one.batches;
    bar.parts[static_cast<std::size_t>(one.gate[i].state)] +=
      static_cast<double>(std::max<std::int64_t>(until - one.gate[i].batch, 0));
  }
  return bar;
}

} // namespace

report_figure gate_figure(const gradient_qualities& found) {
  report_figure figure;
  figure.id = "gate";
  figure.title = "What gates made of predictions";
  figure.look_for =
    "How many batches each interface trained with predictions alone, with predictions that were corrected "
    "later, and with what came from above. The table has every turn.";
  stacked_bars chart;
  for (int i = 0; i < gate_state_count; ++i)
    chart.series.push_back(
      {std::string(name_of(static_cast<gate_state>(i))), series_class(static_cast<std::size_t>(i), gate_state_count)});
  chart.x = {"batches", show_number};
  figure.table = {"gate", {{"interface", "", 0}, {"batch", "", 0}, {"state", "", 0}}, {}};
  for (const auto& one : found.interfaces) {
    if (one.gate.empty()) continue;
    chart.bars.push_back(bar_of(one));
    for (const auto& turn : one.gate)
      figure.table.rows.push_back(
        {std::int64_t{one.interface}, std::int64_t{turn.batch}, std::string(name_of(turn.state))});
  }
  if (chart.bars.empty()) {
    figure.empty = "The policy of this run has no gate.";
    return figure;
  }
  figure.legend = legend_of(chart.series);
  show(figure, std::move(chart));
  return figure;
}

} // namespace syngrad::tools
