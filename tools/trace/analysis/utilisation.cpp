#include "tools/trace/analysis/timing_analyses.hpp"

#include "runtime/trace/trace_record.hpp"
#include "tools/trace/analysis/message_table.hpp"
#include "tools/trace/analysis/time_buckets.hpp"
#include "tools/trace/analysis/trace_actors.hpp"
#include "tools/trace/record_text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <fmt/core.h>
#include <map>

namespace syngrad::tools {

namespace {

// What one actor does at each moment, from its arrivals, begins and ends in the order of time. Part of utilisation.

//  state              event      next state
//  idle               arrival    ready           before its first message
//  starved, blocked   arrival    ready
//  any                begin      busy
//  busy               end        ready where another message waits; else starved or blocked, as the end says
class actor_activity {
public:
  enum state : std::uint8_t { idle, busy, starved, blocked, ready, state_count };

  actor_activity(std::int64_t begin_ns, std::int64_t span_ns, int buckets)
    : begin_ns_(begin_ns), since_ns_(begin_ns), busy_over_time_(begin_ns, span_ns, buckets) {}

  void arrive(std::int64_t time_ns) {
    ++waiting_;
    if (state_ != busy && state_ != ready) go(ready, time_ns);
  }
  void leave() { --waiting_; } // one that had arrived is handled, or went elsewhere

  void begin(const trace_record& record) {
    go(busy, record.time_ns);
    message_ = record.message;
    took_part_ = true;
  }

  // `weight`: how many handlers this one stands for, in a sample.
  void end(const trace_record& record, double weight) {
    ++handled_;
    if (!took_part_) { // it began before what is looked at
      sums_ = {};
      since_ns_ = begin_ns_;
      state_ = busy;
      message_ = record.message;
      took_part_ = true;
    }
    if (state_ != busy || record.message != message_) return; // the next one has begun at the same moment
    const auto reason = static_cast<waiting_reason>(record.value);
    weight_ = weight;
    go(waiting_ > 0 ? ready : reason == waiting_reason::credit ? blocked : starved, record.time_ns);
    weight_ = 1;
  }

  void finish(std::int64_t end_ns) {
    if (state_ != busy) state_ = idle; // after its last message
    go(idle, end_ns);
  }

  bool took_part() const { return took_part_; } // began or ended anything
  std::int64_t handled() const { return handled_; }
  double time_in(state which) const { return sums_[which]; } // ns
  std::vector<float> busy_over_time() const { return busy_over_time_.means(); }

private:
  void go(state next, std::int64_t time_ns) {
    sums_[state_] += weight_ * static_cast<double>(time_ns - since_ns_);
    if (state_ == busy) busy_over_time_.add(since_ns_, time_ns, weight_);
    state_ = next;
    since_ns_ = time_ns;
  }

  state state_ = idle;
  bool took_part_ = false;
  std::int64_t begin_ns_, since_ns_;
  std::int64_t waiting_ = 0, handled_ = 0;
  std::uint64_t message_ = 0; // in its handler
  double weight_ = 1;
  std::array<double, state_count> sums_{};
  time_buckets busy_over_time_;
};

// A thread or a stream: what it was busy with, one after the other.
struct worker {
  std::int64_t handled = 0;
  std::int64_t open_ns = -1; // since when it is busy
  std::int64_t last_ns = 0;  // until when it was
  double busy_ns = 0;
  time_buckets over_time;

  void add(std::int64_t from_ns, std::int64_t to_ns, double weight) {
    busy_ns += weight * static_cast<double>(to_ns - from_ns);
    over_time.add(from_ns, to_ns, weight);
    last_ns = to_ns;
  }
};

class utilisation_measurement {
public:
  utilisation_measurement(const trace_run& run, const trace_filter& filter, int buckets)
    : run_(run), filter_(filter), buckets_(buckets), begin_ns_(std::max(run.begin_ns(), filter.from_ns)),
      end_ns_(std::max(begin_ns_, std::min(run.end_ns(), filter.to_ns))),
      complete_(run.sample() == 1 && !filter.batches && !filter.interface && !filter.type && !filter.where) {}

  void add(const trace_record& record, ring_key ring) {
    if (const auto [arrives, receiver] = arrival_of(record); arrives) return arrive(record, receiver);
    switch (record.kind) {
    case record_kind::begin:
      return begin(record, ring);
    case record_kind::end:
      return end(record, ring);
    case record_kind::drop:
      return leave(record.message);
    case record_kind::gpu:
      return work(record);
    default:
      return;
    }
  }

  utilisation finish() {
    utilisation out;
    out.begin_ns = begin_ns_;
    out.span_ns = end_ns_ - begin_ns_;
    out.bucket_ns = time_buckets::width(out.span_ns, buckets_);
    out.complete = complete_;
    auto ids = index_.actors();
    std::sort(ids.begin(), ids.end(), [&](auto a, auto b) { return comes_before_in_views(a, b, run_.names()); });
    for (const auto id : ids)
      if (filter_.actors.empty() || filter_.actors.contains(id))
        if (auto& actor = actors_[index_(id)]; actor.took_part()) out.actors.push_back(described(id, actor));
    for (auto& [ring, each] : threads_) {
      if (each.open_ns >= 0) each.add(each.open_ns, end_ns_, 1);
      const auto named = run_.names().threads.find(ring);
      const auto number = fmt::format("{}:{}", ring.first, ring.second);
      out.threads.push_back(described(named == run_.names().threads.end() ? "thread " + number : named->second, each));
    }
    for (const auto& [stream, each] : streams_) out.streams.push_back(described(stream_titles_.at(stream), each));
    return out;
  }

private:
  actor_activity& actor(std::uint32_t id) {
    const auto number = index_(id);
    while (actors_.size() <= number) actors_.emplace_back(begin_ns_, end_ns_ - begin_ns_, buckets_);
    return actors_[number];
  }

  template <class Map, class Key>
  worker& worker_of(Map& map, const Key& key) {
    const auto found = map.find(key);
    if (found != map.end()) return found->second;
    return map.emplace(key, worker{0, -1, begin_ns_, 0, {begin_ns_, end_ns_ - begin_ns_, buckets_}}).first->second;
  }

  double weight_of(const trace_record& record) const {
    return record.batch == no_trace_batch ? 1 : static_cast<double>(run_.sample());
  }

  void arrive(const trace_record& record, std::uint32_t receiver) {
    leave(record.message);
    actor(receiver).arrive(record.time_ns);
    waiting_.insert(record.message, receiver);
  }

  void leave(std::uint64_t message) {
    const auto* receiver = waiting_.find(message);
    if (!receiver) return;
    actor(*receiver).leave();
    waiting_.erase(message);
  }

  void begin(const trace_record& record, ring_key ring) {
    leave(record.message);
    actor(record.actor).begin(record);
    auto& thread = worker_of(threads_, ring);
    if (thread.open_ns >= 0) thread.add(thread.open_ns, record.time_ns, 1); // its end is lost
    thread.open_ns = record.time_ns;
  }

  void end(const trace_record& record, ring_key ring) {
    actor(record.actor).end(record, weight_of(record));
    auto& thread = worker_of(threads_, ring);
    ++thread.handled;
    if (thread.open_ns < 0 && thread.handled == 1) thread.open_ns = begin_ns_; // it began before what is looked at
    if (thread.open_ns >= 0) thread.add(thread.open_ns, record.time_ns, weight_of(record));
    thread.open_ns = -1;
  }

  void work(const trace_record& record) {
    auto& stream = worker_of(streams_, record.peer);
    if (stream.handled == 0) stream_titles_[record.peer] = stream_title(record, run_.names());
    ++stream.handled;
    const auto began = record.time_ns - static_cast<std::int64_t>(record.parent);
    const auto from = std::max(began, stream.last_ns);
    if (from < record.time_ns) stream.add(from, record.time_ns, weight_of(record));
  }

  activity described(std::uint32_t id, actor_activity& of) const {
    activity out;
    out.name = run_.names().title_of(id);
    if (const auto named = run_.names().actors.find(id); named != run_.names().actors.end())
      out.role = named->second.role;
    of.finish(end_ns_);
    out.handled = of.handled();
    out.busy = share(of.time_in(actor_activity::busy));
    out.idle = 1 - out.busy;
    if (complete_) {
      out.starved = share(of.time_in(actor_activity::starved));
      out.blocked = share(of.time_in(actor_activity::blocked));
      out.ready = share(of.time_in(actor_activity::ready));
      out.idle = share(of.time_in(actor_activity::idle));
    }
    out.busy_over_time = at_most_one(of.busy_over_time());
    return out;
  }

  activity described(const std::string& name, const worker& of) const {
    activity out;
    out.name = name;
    out.handled = of.handled;
    out.busy = share(of.busy_ns);
    out.idle = 1 - out.busy;
    out.busy_over_time = at_most_one(of.over_time.means());
    return out;
  }

  double share(double time_ns) const {
    return end_ns_ == begin_ns_ ? 0 : std::min(1.0, time_ns / static_cast<double>(end_ns_ - begin_ns_));
  }

  static std::vector<float> at_most_one(std::vector<float> shares) {
    for (auto& each : shares) each = std::min(each, 1.0f);
    return shares;
  }

  const trace_run& run_;
  const trace_filter& filter_;
  int buckets_;
  std::int64_t begin_ns_, end_ns_;
  bool complete_;
  actor_index index_;
  std::vector<actor_activity> actors_;   // by index
  message_table<std::uint32_t> waiting_; // receivers
  std::map<ring_key, worker> threads_;
  std::map<std::uint32_t, worker> streams_;
  std::map<std::uint32_t, std::string> stream_titles_;
};

} // namespace

utilisation measure_utilisation(const trace_run& run, const trace_filter& filter, int buckets) {
  utilisation_measurement all(run, filter, buckets);
  run.for_each(filter, [&](const trace_record& record, ring_key ring) { all.add(record, ring); });
  return all.finish();
}

} // namespace syngrad::tools
