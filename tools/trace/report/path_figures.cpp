#include "tools/trace/report/figures.hpp"
#include "tools/trace/report/svg_stacked_bars.hpp"

#include <algorithm>

namespace syngrad::tools {

namespace {

using named_shares = std::vector<std::pair<std::string, double>>;

constexpr std::size_t most_actors = 8; // the others share a bar

// The largest first; what is left over is one bar.
named_shares largest_of(named_shares shares) {
  std::stable_sort(shares.begin(), shares.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  if (shares.size() <= most_actors + 1) return shares;
  double rest = 0;
  for (auto i = most_actors; i < shares.size(); ++i) rest += shares[i].second;
  const auto others = std::to_string(shares.size() - most_actors) + " others";
  shares.resize(most_actors);
  shares.emplace_back(others, rest);
  return shares;
}

void show_shares(report_figure& figure, const result<critical_path>& found, const named_shares& shares,
                 const chart_series& series, const char* column) {
  figure.half = true;
  stacked_bars chart;
  chart.series = {series};
  chart.x = {"share of the critical path", show_share};
  figure.table = {"path", {{column, "", 0}, {"share", "share", 1}, {"time", "ms", 2}}, {}};
  for (const auto& [name, share] : shares) {
    chart.bars.push_back({name, {share}, show_share(share)});
    figure.table.rows.push_back({name, share, share * static_cast<double>(found->span_ns) * 1e-6});
  }
  figure.legend = legend_of(chart.series);
  show(figure, std::move(chart));
}

void find_empty(report_figure& figure, const result<critical_path>& found) {
  figure.half = true;
  if (!found)
    figure.empty = "No critical path: " + found.message() + ".";
  else if (found->steps.empty() || found->by_category.empty())
    figure.empty = "No critical path: no message was handled in this trace.";
}

} // namespace

report_figure path_by_category_figure(const result<critical_path>& found) {
  report_figure figure;
  figure.id = "path-category";
  figure.title = "Critical path by category";
  figure.look_for =
    "Compute is work that only faster code shortens; queue is waiting for a thread, actor is waiting for an "
    "actor that was busy with other messages.";
  find_empty(figure, found);
  if (figure.empty.empty())
    show_shares(figure, found, found->by_category, {"share of the time from the first to the last event", "busy"},
                "category");
  return figure;
}

report_figure path_by_actor_figure(const result<critical_path>& found) {
  report_figure figure;
  figure.id = "path-actor";
  figure.title = "Critical path by actor";
  figure.look_for =
    "The longest bar is the actor to make faster: a millisecond saved elsewhere does not end the run sooner.";
  find_empty(figure, found);
  if (!figure.empty.empty()) return figure;
  show_shares(figure, found, largest_of(found->by_actor),
              {"share of the time from the first to the last event", "series-2"}, "actor");
  return figure;
}

} // namespace syngrad::tools
