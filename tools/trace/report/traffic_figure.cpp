#include "tools/trace/report/figures.hpp"
#include "tools/trace/report/svg_matrix.hpp"

#include <algorithm>
#include <map>
#include <tuple>

namespace syngrad::tools {

namespace {

// As data flows: source, groups from below with their predictors and solvers, the coordinator, others.
std::vector<std::uint32_t> in_order(const traffic& found, const trace_names& names) {
  std::map<std::uint32_t, bool> actors;
  for (const auto& [pair, amount] : found.by_pair)
    if (amount.bytes > 0) actors[pair.first] = actors[pair.second] = true;
  std::vector<std::uint32_t> order;
  for (const auto& [actor, used] : actors) order.push_back(actor);
  const auto rank = [&](std::uint32_t id) {
    const auto known = names.actors.find(id);
    const auto actor = known == names.actors.end() ? trace_names::actor{} : known->second;
    const bool of_group =
      actor.role == actor_role::group || actor.role == actor_role::predictor || actor.role == actor_role::solver;
    const int kind = actor.role == actor_role::source ? 0 : of_group ? 1 : actor.role == actor_role::other ? 3 : 2;
    return std::tuple(kind, actor.index, actor.role, id);
  };
  std::sort(order.begin(), order.end(), [&](auto a, auto b) { return rank(a) < rank(b); });
  return order;
}

} // namespace

report_figure traffic_figure(const traffic& found, const trace_names& names) {
  report_figure figure;
  figure.id = "bytes";
  figure.title = "Bytes between actors";
  figure.look_for =
    "The strongest cells are the links that a slow network would feel first: activations go up, gradients come "
    "down, each group asks its own predictor.";
  const auto order = in_order(found, names);
  if (order.empty()) {
    figure.empty = "No message of this trace carried tensors.";
    return figure;
  }
  matrix_chart chart;
  chart.row_title = "from";
  chart.column_title = "to";
  chart.show = show_bytes;
  chart.values.assign(order.size(), std::vector<double>(order.size(), 0));
  figure.table = {
    "bytes", {{"from", "", 0}, {"to", "", 0}, {"messages", "", 0}, {"bytes", "", 0}, {"bytes_a_sample", "", 1}}, {}};
  std::map<std::uint32_t, std::size_t> at;
  for (const auto actor : order) {
    at[actor] = chart.names.size();
    chart.names.push_back(names.title_of(actor));
  }
  for (const auto& [pair, amount] : found.by_pair) {
    if (amount.bytes <= 0) continue;
    chart.values[at[pair.first]][at[pair.second]] = static_cast<double>(amount.bytes);
    const auto a_sample = static_cast<double>(amount.bytes) / static_cast<double>(found.samples);
    figure.table.rows.push_back({names.title_of(pair.first), names.title_of(pair.second), amount.messages, amount.bytes,
                                 found.samples > 0 ? cell(a_sample) : cell()});
  }
  figure.legend = {
    {"nothing", "track", 1}, {"least", "heat", shade_of(1, 1, 2)}, {"most (shades are logarithmic)", "heat", 1}};
  show(figure, std::move(chart));
  return figure;
}

} // namespace syngrad::tools
