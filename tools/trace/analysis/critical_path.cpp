#include "tools/trace/analysis/causal_analyses.hpp"

#include "tools/trace/analysis/time_buckets.hpp"

#include <algorithm>
#include <array>
#include <fmt/core.h>
#include <map>
#include <unordered_map>

namespace syngrad::tools {

namespace {

constexpr std::int64_t unknown_time = std::numeric_limits<std::int64_t>::min();

struct handling {
  std::uint64_t message = 0;
  std::int64_t sent_ns = unknown_time;    // by its sender
  std::int64_t arrived_ns = unknown_time; // at its receiver's node
  std::int64_t begin_ns = 0, end_ns = unknown_time;
  std::int32_t sender = -1;   // the handling that sent it, or the sender's latest before; -1: unknown
  std::int32_t previous = -1; // of the same actor; -1: none
  std::uint32_t actor = 0, peer = 0, batch = no_trace_batch, version = 0;
  std::uint16_t interface = no_interface;
  std::uint8_t type = 0;
};

// Which handler let which begin: every handled message of a stretch of time, compact, in the order of their begins.
//
// Memory: 72 bytes a handled message (10 million records: some 250 MB), 40 a message on its way.
class handling_graph {
public:
  // Of the records of `window`, which narrows by time and node only. A handler that had begun before is taken to begin
  // with the window; one that goes on after it, to end with it.
  handling_graph(const trace_run&, const trace_filter& window, std::int64_t begin_ns, std::int64_t end_ns);

  const std::vector<handling>& all() const { return all_; }
  const handling& at(std::int32_t number) const { return all_[static_cast<std::size_t>(number)]; }
  // The handling in progress at `actor` at a time, or its latest before; -1: none.
  std::int32_t at_time(std::uint32_t actor, std::int64_t time_ns) const;
  // When nothing was in the way any more: the message had arrived and the actor's handler before had ended. The handler
  // begins later where it has to wait for a thread.
  std::int64_t released_ns(const handling&) const;
  // The actor's handler before ended after the message had arrived.
  bool waited_for_actor(const handling&) const;
  // How much later each handling could have ended without moving `end_ns`: waits for threads stay as they are.
  std::vector<std::int64_t> slack(std::int64_t end_ns) const;

private:
  struct sent_message {
    std::int64_t sent_ns, arrived_ns;
    std::int32_t sender;
  };
  void take_send(const trace_record&);
  void take_serialize(const trace_record&);
  void take_begin(const trace_record&);
  void take_end(const trace_record&);
  void take_unknown(std::uint32_t actor); // in a handler since before the window

  std::int64_t begin_ns_;
  std::vector<handling> all_;
  std::unordered_map<std::uint64_t, sent_message> on_their_way_;
  std::unordered_map<std::uint32_t, std::int32_t> latest_; // by actor
};

handling_graph::handling_graph(const trace_run& run, const trace_filter& window, std::int64_t begin_ns,
                               std::int64_t end_ns)
  : begin_ns_(begin_ns) {
  run.for_each(window, [&](const trace_record& record) {
    switch (record.kind) {
    case record_kind::send:
      take_send(record);
      break;
    case record_kind::serialize:
      take_serialize(record);
      break;
    case record_kind::enqueue:
      if (const auto sent = on_their_way_.find(record.message); sent != on_their_way_.end())
        sent->second.arrived_ns = record.time_ns;
      break;
    case record_kind::begin:
      take_begin(record);
      break;
    case record_kind::end:
      take_end(record);
      break;
    default:
      break;
    }
  });
  for (auto& each : all_)
    if (each.end_ns == unknown_time) each.end_ns = std::max(end_ns, each.begin_ns);
  on_their_way_.clear();
}

void handling_graph::take_send(const trace_record& record) {
  if (record.message == 0) return;
  if (!latest_.contains(record.actor)) take_unknown(record.actor);
  const bool same_node = node_of(record.actor) == node_of(record.peer);
  on_their_way_[record.message] = {record.time_ns, same_node ? record.time_ns : unknown_time, latest_.at(record.actor)};
}

// A link handles what it passes on, too: from there it goes on, under the same number.
void handling_graph::take_serialize(const trace_record& record) {
  if (const auto link = latest_.find(record.actor); record.message != 0 && link != latest_.end())
    on_their_way_[record.message] = {record.time_ns, unknown_time, link->second};
}

void handling_graph::take_unknown(std::uint32_t actor) {
  trace_record begun;
  begun.time_ns = begin_ns_;
  begun.actor = actor;
  begun.batch = no_trace_batch;
  begun.interface = no_interface;
  take_begin(begun);
}

void handling_graph::take_begin(const trace_record& record) {
  handling next;
  next.message = record.message;
  next.begin_ns = record.time_ns;
  next.actor = record.actor;
  next.peer = record.peer;
  next.batch = record.batch;
  next.version = record.version;
  next.interface = record.interface;
  next.type = record.type;
  if (const auto sent = on_their_way_.find(record.message); record.message != 0 && sent != on_their_way_.end()) {
    next.sent_ns = sent->second.sent_ns;
    // A message that no link announced was on the wire until it was handled.
    next.arrived_ns = sent->second.arrived_ns == unknown_time ? record.time_ns : sent->second.arrived_ns;
    next.sender = sent->second.sender;
    on_their_way_.erase(sent);
  }
  const auto number = static_cast<std::int32_t>(all_.size());
  const auto [latest, is_first] = latest_.try_emplace(record.actor, number);
  if (!is_first) {
    next.previous = std::exchange(latest->second, number);
    auto& before = all_[static_cast<std::size_t>(next.previous)];
    if (before.end_ns == unknown_time) before.end_ns = record.time_ns; // its end was lost
  }
  all_.push_back(next);
}

void handling_graph::take_end(const trace_record& record) {
  if (!latest_.contains(record.actor)) take_unknown(record.actor);
  auto& open = all_[static_cast<std::size_t>(latest_.at(record.actor))];
  if (open.end_ns != unknown_time) return;
  if (open.message == 0) { // perhaps one that had begun before the window
    open.message = record.message;
    open.peer = record.peer;
    open.batch = record.batch;
    open.interface = record.interface;
  }
  if (open.message == record.message) open.end_ns = record.time_ns;
}

std::int32_t handling_graph::at_time(std::uint32_t actor, std::int64_t time_ns) const {
  for (auto i = static_cast<std::int32_t>(all_.size()); i-- > 0;)
    if (at(i).actor == actor && at(i).begin_ns <= time_ns) return i;
  return -1;
}

bool handling_graph::waited_for_actor(const handling& which) const {
  if (which.previous < 0) return false;
  return which.arrived_ns == unknown_time || at(which.previous).end_ns > which.arrived_ns;
}

std::int64_t handling_graph::released_ns(const handling& which) const {
  if (waited_for_actor(which)) return at(which.previous).end_ns;
  return which.arrived_ns == unknown_time ? which.begin_ns : which.arrived_ns;
}

std::vector<std::int64_t> handling_graph::slack(std::int64_t end_ns) const {
  std::vector<std::int64_t> slack(all_.size());
  for (std::size_t i = 0; i < all_.size(); ++i) slack[i] = std::max<std::int64_t>(end_ns - all_[i].end_ns, 0);
  const auto limit = [&](std::int32_t number, std::int64_t most) {
    if (number >= 0) slack[static_cast<std::size_t>(number)] = std::min(slack[static_cast<std::size_t>(number)], most);
  };
  for (std::size_t i = all_.size(); i-- > 0;) {
    const auto& each = all_[i];
    const auto latest_release = released_ns(each) + slack[i];
    if (each.previous >= 0) limit(each.previous, latest_release - at(each.previous).end_ns);
    if (each.sent_ns != unknown_time) limit(each.sender, latest_release - each.arrived_ns);
  }
  return slack;
}

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
  const auto asked = fmt::format("batch {} is not in this trace", batch);
  if (!search.any) return error::setting(asked + ": it has no batch that the source sent");
  return error::setting(fmt::format("{}, which has batches {} to {}{}", asked, search.least, search.largest,
                                    run.sample() > 1 ? ", one in " + std::to_string(run.sample()) : ""));
}

// Ends with the last message of a known sender: an actor that is told to exit, after the run, waits for nobody.
result<stretch> stretch_of_run(const trace_run& run, const trace_filter& filter) {
  std::optional<stretch> found;
  run.for_each(time_window(filter), [&](const trace_record& record) {
    if (record.kind == record_kind::begin && !found) found = stretch{record.time_ns, record.time_ns, record.actor};
    if (record.kind == record_kind::end && record.message != 0 && found)
      found = stretch{found->begin_ns, record.time_ns, record.actor};
  });
  if (!found) return error::setting("no message was handled in this part of the trace; widen --from and --to");
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
