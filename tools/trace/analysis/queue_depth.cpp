#include "tools/trace/analysis/timing_analyses.hpp"

#include "tools/trace/analysis/actor_index.hpp"
#include "tools/trace/analysis/message_table.hpp"
#include "tools/trace/analysis/time_buckets.hpp"

#include <algorithm>

namespace syngrad::tools {

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

} // namespace syngrad::tools
