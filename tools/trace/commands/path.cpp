#include "tools/trace/analysis/critical_path.hpp"
#include "tools/trace/trace_command.hpp"

#include <algorithm>

namespace syngrad::tools {

namespace {

double milliseconds(std::int64_t ns) {
  return static_cast<double>(ns) / 1e6;
}

status check_path_filter(const trace_filter& filter) {
  if (filter.batches && filter.batches->first != filter.batches->second)
    return error{"--batch takes one batch here: a path belongs to one, or without it to the run"};
  if (!filter.actors.empty() || filter.interface || filter.type || filter.where)
    return error{"a path goes through all actors and messages: only --batch, --from, --to and --node can narrow it"};
  return ok();
}

answer_table categories_of(const critical_path& path) {
  answer_table table{
    "by_category", {{"category", "", 0}, {"time", "ms", 3}, {"share", "share", 1}, {"bar", "bar", 0}}, {}};
  for (const auto& [name, share] : path.by_category)
    table.rows.push_back({name, share * milliseconds(path.span_ns), share, share});
  return table;
}

answer_table actors_of(const critical_path& path) {
  answer_table table{
    "by_actor",
    {{"actor", "", 0}, {"on_path", "ms", 3}, {"share", "share", 1}, {"bar", "bar", 0}, {"mean_slack", "ms", 3}},
    {}};
  auto slack = path.slack_ns;
  for (const auto& [name, share] : path.by_actor) {
    const auto own =
      std::find_if(slack.begin(), slack.end(), [&, &title = name](auto& each) { return each.first == title; });
    cell free;
    if (own != slack.end()) {
      free = milliseconds(own->second);
      slack.erase(own);
    }
    table.rows.push_back({name, share * milliseconds(path.span_ns), share, share, free});
  }
  for (const auto& [name, free] : slack) table.rows.push_back({name, 0.0, 0.0, 0.0, milliseconds(free)});
  return table;
}

// The longest ones, in the order of time.
std::vector<const path_step*> longest(const critical_path& path, std::size_t limit) {
  std::vector<const path_step*> steps;
  for (const auto& step : path.steps) steps.push_back(&step);
  if (steps.size() <= limit) return steps;
  std::stable_sort(steps.begin(), steps.end(),
                   [](const auto* a, const auto* b) { return a->end_ns - a->begin_ns > b->end_ns - b->begin_ns; });
  steps.resize(limit);
  std::sort(steps.begin(), steps.end(), [](const auto* a, const auto* b) { return a->begin_ns < b->begin_ns; });
  return steps;
}

answer_table steps_of(const critical_path& path, const std::vector<const path_step*>& steps, const trace_names& names) {
  answer_table table{"steps",
                     {{"at", "ms", 3},
                      {"time", "ms", 3},
                      {"category", "", 0},
                      {"actor", "", 0},
                      {"handles", "", 0},
                      {"from", "", 0},
                      {"batch", "", 0}},
                     {}};
  for (const auto* step : steps) {
    cell batch;
    if (step->handled.batch != no_trace_batch) batch = std::int64_t{step->handled.batch};
    table.rows.push_back({milliseconds(step->begin_ns - path.steps.front().begin_ns),
                          milliseconds(step->end_ns - step->begin_ns), std::string(name_of(step->what)),
                          names.title_of(step->actor),
                          std::string(name_of(static_cast<trace_message>(step->handled.type))),
                          names.title_of(step->handled.peer), batch});
  }
  return table;
}

result<answer> answer_path(const trace_request& request) {
  if (auto good = check_path_filter(request.filter); !good) return good.failure();
  std::optional<std::uint32_t> batch;
  if (request.filter.batches) batch = request.filter.batches->first;
  const auto path = find_critical_path(request.run(), request.filter, batch);
  if (!path) return path.failure();
  const auto limit = static_cast<std::size_t>(request.limit > 0 ? request.limit : batch ? 60 : 20);
  const auto steps = longest(*path, limit);
  answer out;
  out.tables = {categories_of(*path), actors_of(*path), steps_of(*path, steps, request.run().names())};
  if (steps.size() < path->steps.size())
    out.notes.push_back("The " + std::to_string(steps.size()) + " longest of " + std::to_string(path->steps.size()) +
                        " steps; --limit gives more.");
  if (!batch && request.run().sample() > 1)
    out.notes.push_back("A sample holds no handlers of other batches: what they did to the path is not known.");
  return out;
}

} // namespace

const trace_command path_command{
  "path",
  "RUN",
  "what decided how long a batch (--batch N) or the run took: the critical path",
  "The path is walked backwards from the last event: from each handler to whatever let it begin last.\n"
  "A batch's goes from the source's send to the batch's last update.\n"
  "  by_category  compute: in handlers; actor: in handlers that a message of the path had to wait for; queue: waits\n"
  "               for a thread; wire: between nodes\n"
  "  by_actor     time on the path; mean_slack: how much later the actor's other handlers could have ended, on the\n"
  "               average, without making the whole longer (waits for threads taken as they were)\n"
  "  steps        at: since the path began; handles, from, batch: the message. --limit: so many, the longest ones",
  1,
  1,
  true,
  answer_path};

} // namespace syngrad::tools
