#include "tools/trace/analysis/timing_analyses.hpp"

#include "tools/progress/text_table.hpp"
#include "tools/trace/analysis/message_table.hpp"
#include "tools/trace/analysis/time_buckets.hpp"
#include "tools/trace/analysis/trace_actors.hpp"

#include <algorithm>
#include <array>
#include <set>

namespace syngrad::tools {

namespace {

constexpr std::int64_t never = -1;

// A message under way.
struct flight {
  std::int64_t send_ns = never, arrival_ns = never, begin_ns = never, worked_ns = never;
};

// Messages whose handling ended lately: their work on a device may go on. As many as there are slots: an older one
// makes room.
class recently_ended {
public:
  struct entry {
    std::uint64_t message = 0;
    std::int64_t end_ns = 0, worked_ns = never;
    std::uint8_t type = 0;
  };

  recently_ended() : slots_(std::size_t{1} << 14) {}

  entry& slot_of(std::uint64_t message) { return slots_[(message * 0x9e3779b97f4a7c15u) >> 50]; }
  const std::vector<entry>& all() const { return slots_; }

private:
  std::vector<entry> slots_;
};

class latency_measurement {
public:
  explicit latency_measurement(const trace_names& names) {
    for (const auto& [id, each] : names.actors)
      if (each.role == actor_role::link) links_.insert(id);
  }

  void add(const trace_record& record) {
    if (record.message == 0) return;
    switch (record.kind) {
    case record_kind::send:
      return send(record);
    case record_kind::enqueue:
      return enqueue(record);
    case record_kind::begin:
      return begin(record);
    case record_kind::end:
      return end(record);
    case record_kind::drop:
      return flights_.erase(record.message);
    case record_kind::gpu:
      return work(record);
    default:
      return;
    }
  }

  latencies finish() {
    for (const auto& each : ended_.all()) count_device(each);
    latencies out;
    out.unmatched = unmatched_ + static_cast<std::int64_t>(flights_.size());
    for (std::size_t type = 0; type < types_.size(); ++type)
      if (types_[type].handler.count() > 0)
        out.by_type.emplace(static_cast<trace_message>(type), std::move(types_[type]));
    return out;
  }

private:
  message_latency& of(const trace_record& record) {
    return types_[record.type < trace_message_count ? record.type : 0];
  }
  bool by_link(const trace_record& record) const { return !links_.empty() && links_.contains(record.actor); }

  void send(const trace_record& record) {
    const auto arrival = arrival_of(record).arrives ? record.time_ns : never;
    flights_.insert(record.message, {record.time_ns, arrival, never, never});
  }

  void enqueue(const trace_record& record) {
    auto* known = flights_.find(record.message);
    if (!known) known = &flights_.insert(record.message, {});
    if (known->send_ns != never) of(record).wire.add(record.time_ns - known->send_ns);
    known->arrival_ns = record.time_ns;
  }

  void begin(const trace_record& record) {
    if (by_link(record)) return; // it only passes the message on
    auto* known = flights_.find(record.message);
    if (!known) known = &flights_.insert(record.message, {});
    known->begin_ns = record.time_ns;
    if (known->arrival_ns != never) of(record).queue.add(record.time_ns - known->arrival_ns);
    unmatched_ += known->send_ns == never;
  }

  void end(const trace_record& record) {
    if (by_link(record)) return;
    const auto* known = flights_.find(record.message);
    if (!known || known->begin_ns == never) {
      ++unmatched_;
      return;
    }
    auto& type = of(record);
    type.handler.add(record.time_ns - known->begin_ns);
    if (known->send_ns != never) type.total.add(record.time_ns - known->send_ns);
    auto& slot = ended_.slot_of(record.message);
    count_device(slot);
    slot = {record.message, record.time_ns, known->worked_ns, record.type};
    flights_.erase(record.message);
  }

  // The time of a gpu record is the end of its work, which may be before or after the end of the handler.
  void work(const trace_record& record) {
    if (auto* known = flights_.find(record.message)) known->worked_ns = record.time_ns;
    if (auto& slot = ended_.slot_of(record.message); slot.message == record.message) slot.worked_ns = record.time_ns;
  }

  void count_device(const recently_ended::entry& each) {
    if (each.worked_ns == never) return;
    types_[each.type < trace_message_count ? each.type : 0].device.add(each.worked_ns - each.end_ns);
  }

  std::set<std::uint32_t> links_;
  message_table<flight> flights_;
  recently_ended ended_;
  std::array<message_latency, trace_message_count> types_;
  std::int64_t unmatched_ = 0;
};

} // namespace

latencies measure_latency(const trace_run& run, const trace_filter& filter) {
  latency_measurement all(run.names());
  run.for_each(filter, [&](const trace_record& record) { all.add(record); });
  return all.finish();
}

namespace {

// Before one actor. The depth comes from counting, the wait from matching: Little's law compares the two.
struct queue {
  std::int64_t depth = 0, deepest = 0, since_ns = 0;
  std::int64_t arrivals = 0, handled = 0;
  double depth_time = 0, waited_ns = 0;
  time_buckets over_time;

  void change(std::int64_t time_ns, std::int64_t by) {
    depth_time += static_cast<double>(depth) * static_cast<double>(time_ns - since_ns);
    if (depth > 0) over_time.add(since_ns, time_ns, static_cast<double>(depth));
    depth += by;
    deepest = std::max(deepest, depth);
    since_ns = time_ns;
  }
};

struct waiting_message {
  std::uint32_t receiver = 0;
  std::int64_t since_ns = 0;
};

class queue_measurement {
public:
  queue_measurement(const trace_run& run, const trace_filter& filter, int buckets)
    : run_(run), filter_(filter), buckets_(buckets), begin_ns_(std::max(run.begin_ns(), filter.from_ns)),
      end_ns_(std::max(begin_ns_, std::min(run.end_ns(), filter.to_ns))) {}

  void add(const trace_record& record) {
    if (const auto [arrives, receiver] = arrival_of(record); arrives) {
      leave(record); // from where it was before a link delivered it
      auto& to = of(receiver);
      ++to.arrivals;
      to.change(record.time_ns, 1);
      waiting_.insert(record.message, {receiver, record.time_ns});
    } else if (record.kind == record_kind::begin || record.kind == record_kind::drop) {
      leave(record);
    }
  }

  queue_depths finish() {
    queue_depths out;
    out.begin_ns = begin_ns_;
    out.span_ns = end_ns_ - begin_ns_;
    out.bucket_ns = time_buckets::width(out.span_ns, buckets_);
    auto ids = index_.actors();
    std::sort(ids.begin(), ids.end(), [&](auto a, auto b) { return comes_before_in_views(a, b, run_.names()); });
    for (const auto id : ids)
      if (filter_.actors.empty() || filter_.actors.contains(id)) out.actors.push_back(described(id, of(id)));
    return out;
  }

private:
  queue& of(std::uint32_t actor) {
    const auto number = index_(actor);
    while (queues_.size() <= number)
      queues_.push_back({0, 0, begin_ns_, 0, 0, 0, 0, {begin_ns_, end_ns_ - begin_ns_, buckets_}});
    return queues_[number];
  }

  void leave(const trace_record& record) {
    const auto* found = waiting_.find(record.message);
    if (!found) return;
    auto& from = of(found->receiver);
    from.change(record.time_ns, -1);
    if (record.kind == record_kind::begin) {
      ++from.handled;
      from.waited_ns += static_cast<double>(record.time_ns - found->since_ns);
    }
    waiting_.erase(record.message);
  }

  queue_of_actor described(std::uint32_t id, queue& of) const {
    of.change(end_ns_, 0);
    queue_of_actor out;
    out.actor = id;
    out.name = run_.names().title_of(id);
    out.arrivals = of.arrivals;
    out.deepest = of.deepest;
    out.over_time = of.over_time.means();
    if (of.handled > 0) out.mean_wait_ns = of.waited_ns / static_cast<double>(of.handled);
    if (end_ns_ == begin_ns_) return out;
    const auto span_ns = static_cast<double>(end_ns_ - begin_ns_);
    out.mean_depth = of.depth_time / span_ns;
    out.rate = static_cast<double>(of.arrivals) / (span_ns * 1e-9);
    out.little_depth = out.rate * out.mean_wait_ns * 1e-9;
    return out;
  }

  const trace_run& run_;
  const trace_filter& filter_;
  int buckets_;
  std::int64_t begin_ns_, end_ns_;
  actor_index index_;
  std::vector<queue> queues_;
  message_table<waiting_message> waiting_;
};

} // namespace

queue_depths measure_queues(const trace_run& run, const trace_filter& filter, int buckets) {
  queue_measurement all(run, filter, buckets);
  run.for_each(filter, [&](const trace_record& record) { all.add(record); });
  return all.finish();
}

live_numbers live_view::look(const trace_run& run, std::int64_t until_ns) {
  const auto from_ns = last_ns_.value_or(run.begin_ns());
  until_ns = std::max(until_ns, from_ns);
  trace_filter window;
  window.from_ns = from_ns;
  window.to_ns = until_ns;
  run.for_each(window, [&](const trace_record& record) { take(record, run.names()); });
  last_ns_ = until_ns;

  live_numbers out;
  out.seconds = static_cast<double>(until_ns - run.begin_ns()) / 1e9;
  out.span_s = static_cast<double>(until_ns - from_ns) / 1e9;
  const auto rate = [&](std::int64_t count) { return out.span_s > 0 ? static_cast<double>(count) / out.span_s : 0; };
  out.records_a_second = rate(std::exchange(records_, 0));
  out.messages_a_second = rate(std::exchange(messages_, 0));
  out.batches_a_second = rate(std::exchange(batches_, 0));
  for (auto& [id, each] : actors_) {
    if (each.busy_since_ns) each.busy_ns += until_ns - std::exchange(each.busy_since_ns, until_ns).value();
    const auto busy_s = static_cast<double>(std::exchange(each.busy_ns, 0)) / 1e9;
    const auto handled = std::exchange(each.handled, 0);
    if (each.seen)
      out.actors.push_back(
        {run.names().title_of(id), rate(handled), each.waiting, out.span_s > 0 ? busy_s / out.span_s : 0});
  }
  return out;
}

namespace {

bool is_coordinator(const trace_names::actor& named) {
  return named.role == actor_role::coordinator;
}

// A batch is done when the coordinator of the run hears of it, perhaps from another node. Where it has left no records,
// when the message is sent.
bool tells_of_batch(const trace_record& record, const trace_names& names) {
  if (record.type != static_cast<std::uint8_t>(trace_message::batch_done)) return false;
  const bool sent = record.kind == record_kind::send;
  const auto found = names.actors.find(sent ? record.peer : record.actor);
  if (found != names.actors.end() && is_coordinator(found->second)) return true;
  return sent && std::none_of(names.actors.begin(), names.actors.end(),
                              [](const auto& each) { return is_coordinator(each.second); });
}

} // namespace

void live_view::arrive(std::uint32_t actor) {
  ++actors_[actor].waiting;
}

void live_view::take(const trace_record& record, const trace_names& names) {
  ++records_;
  switch (record.kind) {
  case record_kind::send:
    ++messages_;
    if (tells_of_batch(record, names)) ++batches_;
    if (node_of(record.actor) == node_of(record.peer)) arrive(record.peer);
    return;
  case record_kind::enqueue:
    if (tells_of_batch(record, names)) ++batches_;
    return arrive(record.actor);
  case record_kind::begin: {
    auto& actor = actors_[record.actor];
    actor.seen = true;
    if (record.message != 0 && actor.waiting > 0) --actor.waiting;
    actor.busy_since_ns = record.time_ns;
    return;
  }
  case record_kind::end: {
    auto& actor = actors_[record.actor];
    ++actor.handled;
    if (actor.busy_since_ns) actor.busy_ns += record.time_ns - *actor.busy_since_ns;
    actor.busy_since_ns.reset();
    return;
  }
  default:
    return;
  }
}

std::string text_of(const live_numbers& now, const trace_run& run) {
  std::string out = show_duration(now.seconds) + "  " + show_real(now.batches_a_second, 1) + " batches/s  " +
                    show_real(now.messages_a_second, 0) + " messages/s  " + show_real(now.records_a_second, 0) +
                    " records/s  " + show_real(static_cast<double>(run.bytes()) / (1 << 20), 1) + " MiB  " +
                    show_count(static_cast<std::int64_t>(run.lost())) + " lost\n";
  text_table table({"actor", "handled/s", "waiting", "busy"});
  for (const auto& each : now.actors)
    table.add({each.name, show_real(each.handled_a_second, 0), show_count(each.waiting), show_percent(each.busy)});
  return out + table.str();
}

} // namespace syngrad::tools
