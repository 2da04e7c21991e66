#include "tools/trace/analysis/critical_path.hpp"

#include "tools/trace/analysis/handling_graph.hpp"
#include "tools/trace/analysis/time_buckets.hpp"

#include <algorithm>
#include <array>
#include <map>

namespace syngrad::tools {

namespace {

struct stretch {
  std::int64_t begin_ns = 0, end_ns = 0;
  std::uint32_t last_actor = 0; // whose work ends it
};

// What is asked for, and what there is, if the batch is not.
struct batch_search {
  std::optional<std::int64_t> sent_ns;
  std::optional<stretch> to_update, to_handler;
  std::uint32_t least = no_trace_batch, largest = 0;
  bool any = false;
};

result<stretch> stretch_of_batch(const trace_run& run, const trace_filter& filter, std::uint32_t batch) {
  batch_search search;
  std::uint32_t source = 0;
  for (const auto& [id, each] : run.names().actors)
    if (each.role == actor_role::source) source = id;
  run.for_each(time_window(filter), [&](const trace_record& record) {
    if (record.batch == no_trace_batch) return;
    const bool starts = record.kind == record_kind::send && record.actor == source &&
                        record.type == static_cast<std::uint8_t>(trace_message::activation);
    if (starts) {
      search.any = true;
      search.least = std::min(search.least, record.batch);
      search.largest = std::max(search.largest, record.batch);
    }
    if (record.batch != batch) return;
    if (starts) search.sent_ns = record.time_ns;
    if (!search.sent_ns) return;
    const stretch until_now{*search.sent_ns, record.time_ns, record.actor};
    if (record.kind == record_kind::update) search.to_update = until_now;
    if (record.kind == record_kind::end) search.to_handler = until_now;
  });
  if (search.to_update) return *search.to_update;
  if (search.to_handler) return *search.to_handler;
  const auto asked = "batch " + std::to_string(batch) + " is not in this trace";
  if (!search.any) return error{asked + ": it has no batch that the source sent"};
  return error{asked + ", which has batches " + std::to_string(search.least) + " to " + std::to_string(search.largest) +
               (run.sample() > 1 ? ", one in " + std::to_string(run.sample()) : "")};
}

result<stretch> stretch_of_run(const trace_run& run, const trace_filter& filter) {
  std::optional<stretch> found;
  run.for_each(time_window(filter), [&](const trace_record& record) {
    if (record.kind == record_kind::begin && !found) found = stretch{record.time_ns, record.time_ns, record.actor};
    if (record.kind == record_kind::end && found) found = stretch{found->begin_ns, record.time_ns, record.actor};
  });
  if (!found) return error{"no message was handled in this part of the trace; widen --from and --to"};
  return *found;
}

// Walks from the last event back to the begin of the stretch.
class path_walk {
public:
  path_walk(const handling_graph& graph, std::int64_t begin_ns) : graph_(graph), begin_ns_(begin_ns) {}

  std::vector<path_step> from(std::int32_t number, std::int64_t until_ns) {
    auto why = path_step::category::compute;
    while (number >= 0 && until_ns > begin_ns_) {
      const auto& now = graph_.at(number);
      on_path_.push_back(number);
      until_ns = add(why, now, now.begin_ns, until_ns);
      const auto released = graph_.released_ns(now);
      until_ns = add(path_step::category::queue, now, released, until_ns);
      if (graph_.waited_for_actor(now)) {
        why = path_step::category::actor;
        number = now.previous;
        continue;
      }
      if (now.sent_ns == unknown_time) break;
      until_ns = add(path_step::category::wire, now, now.sent_ns, until_ns);
      why = path_step::category::compute;
      number = now.sender;
      // Sent after the handler had ended: by the thread of a stream, when its work was done.
      if (number >= 0 && graph_.at(number).end_ns < until_ns)
        until_ns = add(path_step::category::queue, now, graph_.at(number).end_ns, until_ns);
    }
    std::reverse(steps_.begin(), steps_.end());
    return std::move(steps_);
  }
  const std::vector<std::int32_t>& on_path() const { return on_path_; }

private:
  // Returns where the step begins.
  std::int64_t add(path_step::category what, const handling& which, std::int64_t from_ns, std::int64_t to_ns) {
    const auto begin = std::max(std::min(from_ns, to_ns), begin_ns_);
    if (begin >= to_ns) return to_ns;
    trace_record handled;
    handled.time_ns = which.begin_ns;
    handled.message = which.message;
    handled.actor = which.actor;
    handled.peer = which.peer;
    handled.batch = which.batch;
    handled.version = which.version;
    handled.interface = which.interface;
    handled.kind = record_kind::begin;
    handled.type = which.type;
    steps_.push_back({what, begin, to_ns, which.actor, which.message, handled});
    return begin;
  }

  const handling_graph& graph_;
  std::int64_t begin_ns_;
  std::vector<path_step> steps_;
  std::vector<std::int32_t> on_path_;
};

template <class Key>
std::vector<std::pair<std::string, double>> shares(const std::map<Key, std::int64_t>& times, std::int64_t span_ns,
                                                   auto name) {
  std::vector<std::pair<std::string, double>> out;
  for (const auto& [key, time] : times)
    out.emplace_back(name(key), span_ns > 0 ? static_cast<double>(time) / static_cast<double>(span_ns) : 0);
  std::stable_sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  return out;
}

std::vector<std::pair<std::string, std::int64_t>> mean_slack(const handling_graph& graph, const stretch& what,
                                                             const std::vector<std::int32_t>& on_path,
                                                             const trace_names& names) {
  const auto slack = graph.slack(what.end_ns);
  std::vector<bool> left_out(slack.size());
  for (const auto number : on_path) left_out[static_cast<std::size_t>(number)] = true;
  struct sum {
    double ns = 0;
    std::int64_t count = 0;
  };
  std::map<std::uint32_t, sum> of_actor;
  for (std::size_t i = 0; i < slack.size(); ++i) {
    const auto& each = graph.all()[i];
    if (left_out[i] || each.begin_ns < what.begin_ns || each.end_ns > what.end_ns) continue;
    of_actor[each.actor].ns += static_cast<double>(slack[i]);
    ++of_actor[each.actor].count;
  }
  std::vector<std::pair<std::string, std::int64_t>> out;
  for (const auto& [actor, total] : of_actor)
    out.emplace_back(names.title_of(actor), static_cast<std::int64_t>(total.ns / static_cast<double>(total.count)));
  return out;
}

} // namespace

std::string_view name_of(path_step::category what) {
  static constexpr std::array<std::string_view, 4> names{"compute", "queue", "actor", "wire"};
  return names[static_cast<std::size_t>(what)];
}

result<critical_path> find_critical_path(const trace_run& run, const trace_filter& filter,
                                         std::optional<std::uint32_t> batch) {
  const auto what = batch ? stretch_of_batch(run, filter, *batch) : stretch_of_run(run, filter);
  if (!what) return what.failure();
  auto window = time_window(filter);
  window.from_ns = std::max(window.from_ns, what->begin_ns);
  window.to_ns = std::min(window.to_ns, what->end_ns + 1);
  const handling_graph graph(run, window, what->begin_ns, what->end_ns);
  path_walk walk(graph, what->begin_ns);
  critical_path out;
  out.steps = walk.from(graph.at_time(what->last_actor, what->end_ns), what->end_ns);
  std::map<path_step::category, std::int64_t> by_category;
  std::map<std::uint32_t, std::int64_t> by_actor;
  for (const auto& step : out.steps) {
    by_category[step.what] += step.end_ns - step.begin_ns;
    by_actor[step.actor] += step.end_ns - step.begin_ns;
  }
  if (!out.steps.empty()) out.span_ns = out.steps.back().end_ns - out.steps.front().begin_ns;
  out.by_category =
    shares(by_category, out.span_ns, [](path_step::category each) { return std::string(name_of(each)); });
  out.by_actor = shares(by_actor, out.span_ns, [&](std::uint32_t actor) { return run.names().title_of(actor); });
  out.slack_ns = mean_slack(graph, *what, walk.on_path(), run.names());
  return out;
}

} // namespace syngrad::tools
