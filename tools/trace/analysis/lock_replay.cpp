#include "runtime/text.hpp"
#include "tools/trace/analysis/training_analyses.hpp"

#include "runtime/trace/trace_vocabulary.hpp"
#include "tools/trace/analysis/time_buckets.hpp"
#include "tools/trace/analysis/trace_actors.hpp"

#include <algorithm>
#include <cstdint>
#include <unordered_map>
#include <vector>

namespace syngrad::tools {

namespace {

// How long a message between groups takes to its handling when nothing is in its way: counted from its send or, where
// its sender's handler went on and kept the thread, from the end of that; only where its receiver handled nothing, and
// no other handler began before it. One thread.
class hop_times {
public:
  explicit hop_times(const group_table& groups) : groups_(&groups), states_(groups.groups().size()) {}

  void take(const trace_record&);
  // Where every message had to wait for a thread: the shortest of those waits alone, which comes nearest to a hop.
  std::vector<std::int64_t> found() const {
    if (!undisturbed_.empty() || waited_for_thread_.empty()) return undisturbed_;
    return {*std::min_element(waited_for_thread_.begin(), waited_for_thread_.end())};
  }

private:
  struct state {
    bool busy = false;
    std::int64_t handled = 0;
    std::vector<std::uint64_t> sent; // in the handler that goes on
  };
  struct sent_message {
    std::int64_t released_ns;
    std::int64_t begun;   // handlers of all actors, at that moment
    std::int64_t handled; // by the receiver, when it was sent
  };

  void take_send(const trace_record&);
  void take_begin(const trace_record&, state* receiver);
  void take_end(const trace_record&, state& sender);
  state* state_of(std::uint32_t actor) {
    const int group = groups_->position_of(actor);
    return group < 0 ? nullptr : &states_[static_cast<std::size_t>(group)];
  }

  const group_table* groups_;
  std::vector<state> states_;
  std::int64_t begun_ = 0;
  std::unordered_map<std::uint64_t, sent_message> on_their_way_;
  std::vector<std::int64_t> undisturbed_, waited_for_thread_;
};

void hop_times::take(const trace_record& record) {
  switch (record.kind) {
  case record_kind::send:
    take_send(record);
    break;
  case record_kind::begin:
    take_begin(record, state_of(record.actor));
    break;
  case record_kind::end:
    if (auto* sender = state_of(record.actor)) take_end(record, *sender);
    break;
  default:
    break;
  }
}

void hop_times::take_send(const trace_record& record) {
  if (record.type != static_cast<std::uint8_t>(trace_message::activation) &&
      record.type != static_cast<std::uint8_t>(trace_message::gradient))
    return;
  const auto* receiver = state_of(record.peer);
  auto* sender = state_of(record.actor);
  if (!receiver || !sender || receiver->busy) return;
  on_their_way_[record.message] = {record.time_ns, begun_, receiver->handled};
  sender->sent.push_back(record.message);
}

void hop_times::take_begin(const trace_record& record, state* receiver) {
  if (receiver) {
    if (const auto sent = on_their_way_.find(record.message); sent != on_their_way_.end()) {
      const auto wait = record.time_ns - sent->second.released_ns;
      if (sent->second.handled == receiver->handled)
        (sent->second.begun == begun_ ? undisturbed_ : waited_for_thread_).push_back(wait);
      on_their_way_.erase(sent);
    }
    receiver->busy = true;
    ++receiver->handled;
  }
  ++begun_;
}

void hop_times::take_end(const trace_record& record, state& sender) {
  sender.busy = false;
  for (const auto message : sender.sent)
    if (const auto sent = on_their_way_.find(message); sent != on_their_way_.end()) {
      sent->second.released_ns = record.time_ns;
      sent->second.begun = begun_;
    }
  sender.sent.clear();
}

double median_of(std::vector<std::int64_t>& values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  const auto upper = static_cast<double>(*middle);
  if (values.size() % 2 == 1) return upper;
  return (upper + static_cast<double>(*std::max_element(values.begin(), middle))) / 2;
}

int threads_of(const trace_names& names) {
  const auto threads = parse_number<int>(names.fact("threads")).value_or(0);
  return threads > 0 ? threads : 2;
}

// What the source needs for a batch: from its handler's begin, or the batch before in the same handler, to the send.
class source_times {
public:
  explicit source_times(const trace_names& names) {
    for (const auto& [id, each] : names.actors)
      if (each.role == actor_role::source) actor_ = id;
  }
  void take(const trace_record& record, bool counts) {
    if (record.actor != actor_ || (record.kind != record_kind::begin && record.kind != record_kind::send)) return;
    if (record.kind == record_kind::send && record.type == static_cast<std::uint8_t>(trace_message::activation) &&
        record.batch != no_trace_batch && counts) {
      if (part_begin_ns_ >= 0) found.push_back(record.time_ns - part_begin_ns_);
      if (first_sent_ns < 0) first_sent_ns = record.time_ns;
    }
    part_begin_ns_ = record.time_ns;
  }
  std::vector<std::int64_t> found;
  std::int64_t first_sent_ns = -1;

private:
  std::uint32_t actor_ = 0;
  std::int64_t part_begin_ns_ = -1;
};

// The time of training: between updates of the top group, without the evaluations that came between.
class measured_time {
public:
  void evaluates() { evaluated_ = true; }
  void trains(std::uint32_t batch, std::int64_t time_ns) {
    if (count_ > 0 && batch > last_batch_ && !evaluated_) {
      const auto skipped = std::int64_t{batch} - last_batch_; // more than one in a sample
      sum_ns_ += static_cast<double>(time_ns - last_ns_);
      batches_ += skipped;
      steps_ns.push_back((time_ns - last_ns_) / skipped);
    }
    ++count_;
    last_batch_ = batch;
    last_ns_ = time_ns;
    evaluated_ = false;
  }
  std::vector<std::int64_t> steps_ns;

  std::int64_t count() const { return count_; }
  double a_batch_ns(std::int64_t first_sent_ns, std::int64_t last_update_ns) const {
    return batches_ > 0 ? sum_ns_ / static_cast<double>(batches_)
                        : static_cast<double>(last_update_ns - first_sent_ns) / static_cast<double>(count_);
  }

private:
  std::int64_t count_ = 0, batches_ = 0, last_ns_ = 0;
  std::uint32_t last_batch_ = 0;
  bool evaluated_ = false;
  double sum_ns_ = 0;
};

struct passes {
  std::vector<std::int64_t> forward, backward;
};

double locked_step(const lock_replay& replay, int threads) {
  double step = 2 * replay.hop_ns * static_cast<double>(replay.groups.size() - 1);
  for (const auto& each : replay.groups) step += each.forward_ns + each.backward_ns;
  return threads == 1 ? step + replay.source_ns : std::max(step, replay.source_ns);
}

} // namespace

result<lock_replay> replay_locked(const trace_run& run, const trace_filter& filter) {
  const group_table groups(run.names());
  const int threads = threads_of(run.names());
  turn_parts parts(groups);
  hop_times hops(groups);
  source_times source(run.names());
  measured_time measured;
  std::vector<passes> of_group(groups.groups().size());
  std::int64_t last_update_ns = 0;
  lock_replay out;
  run.for_each(time_window(filter), [&](const trace_record& record) {
    const bool counts =
      !filter.batches || (record.batch >= filter.batches->first && record.batch <= filter.batches->second);
    out.has_device_work |= record.kind == record_kind::gpu;
    hops.take(record);
    source.take(record, counts);
    const auto part = parts.take(record);
    const int group = groups.position_of(record.actor);
    const bool at_top = group >= 0 && groups.is_top(group);
    if (at_top && record.kind == record_kind::begin && record.batch == no_trace_batch &&
        record.type == static_cast<std::uint8_t>(trace_message::activation))
      measured.evaluates();
    if (!counts || part.what == turn_parts::part::kind::none) return;
    auto& to = of_group[static_cast<std::size_t>(part.group)];
    if (part.what == turn_parts::part::kind::forward) {
      to.forward.push_back(part.end_ns - part.begin_ns);
      return;
    }
    if (record.type != static_cast<std::uint8_t>(applied_gradient::residual))
      to.backward.push_back(part.end_ns - part.begin_ns);
    if (at_top) measured.trains(part.batch, part.end_ns);
    last_update_ns = part.end_ns;
  });
  if (source.first_sent_ns < 0 || measured.count() == 0)
    return error::setting("no batch was traced from the source to the top group, so there is nothing to replay" +
                          std::string(filter.narrows() ? "; widen --from, --to or --batch" : ""));
  for (std::size_t i = 0; i < of_group.size(); ++i)
    out.groups.push_back({groups.groups()[i].actor, groups.groups()[i].name, median_of(of_group[i].forward),
                          median_of(of_group[i].backward)});
  out.source_ns = median_of(source.found);
  auto waits = hops.found();
  out.hop_ns = median_of(waits);
  out.batches = measured.count();
  out.measured_ns = measured.a_batch_ns(source.first_sent_ns, last_update_ns);
  out.median_step_ns = measured.steps_ns.empty() ? out.measured_ns : median_of(measured.steps_ns);
  out.locked_ns = locked_step(out, threads);
  return out;
}

} // namespace syngrad::tools
