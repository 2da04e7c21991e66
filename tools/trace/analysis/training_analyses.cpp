#include "tools/trace/analysis/training_analyses.hpp"

#include "runtime/text.hpp"
#include "runtime/trace/trace_vocabulary.hpp"
#include "tools/trace/analysis/time_buckets.hpp"
#include "tools/trace/analysis/trace_actors.hpp"

#include <array>
#include <cmath>
#include <map>
#include <unordered_map>

namespace syngrad::tools {

namespace {

// Mean and deviation as they come (Welford, Technometrics 4, 1962).
class running_series {
public:
  explicit running_series(int buckets = 0) : over_time_(buckets) {}

  void add(double value, std::size_t bucket) {
    ++count_;
    const double before = value - mean_;
    mean_ += before / static_cast<double>(count_);
    squares_ += before * (value - mean_);
    least_ = count_ == 1 ? value : std::min(least_, value);
    over_time_.add(bucket, value);
  }
  quality_series finished() const {
    const double none = std::numeric_limits<double>::quiet_NaN();
    if (count_ == 0) return {0, none, none, none, over_time_.means()};
    return {count_, mean_, std::sqrt(squares_ / static_cast<double>(count_)), least_, over_time_.means()};
  }

private:
  std::int64_t count_ = 0;
  double mean_ = 0, squares_ = 0, least_ = 0;
  bucket_means over_time_;
};

struct late_mean {
  std::int64_t count = 0;
  double sum = 0;
};

struct interface_tally {
  std::array<running_series, trace_measure_count> series;
  late_mean late_cosine; // of the last tenth
  interface_watch sizes;
  std::vector<gate_turn> gate;
  std::int64_t batches = 0; // after the latest
};

quality_series of(const interface_tally& interface, trace_measure measure) {
  return interface.series[static_cast<std::size_t>(measure)].finished();
}

gradient_quality finished(std::uint16_t number, const interface_tally& interface) {
  gradient_quality out;
  out.interface = number;
  out.cosine = of(interface, trace_measure::cosine);
  out.norm_ratio = of(interface, trace_measure::norm_ratio);
  out.audit_cosine = of(interface, trace_measure::audit_cosine);
  out.audit_norm_ratio = of(interface, trace_measure::audit_norm_ratio);
  out.audit_bias = of(interface, trace_measure::audit_bias);
  out.activation_rms = of(interface, trace_measure::activation_rms);
  out.sizes = interface.sizes.fault();
  out.gate = interface.gate;
  out.batches = interface.batches;
  const auto& late = interface.late_cosine;
  out.suspicious = late.count > 0 ? late.sum <= 0 : out.cosine.count > 0 && out.cosine.mean <= 0;
  return out;
}

} // namespace

gradient_qualities measure_gradients(const trace_run& run, const trace_filter& filter, int buckets) {
  const group_table groups(run.names());
  const bucketed_span time(first_ns(run, filter), last_ns(run, filter), buckets);
  const auto late_ns = last_ns(run, filter) - (last_ns(run, filter) - first_ns(run, filter)) / 10;
  std::map<std::uint16_t, interface_tally> interfaces;
  run.for_each(filter, [&](const trace_record& record) {
    if (record.kind != record_kind::metric || record.type < static_cast<std::uint8_t>(trace_measure::cosine) ||
        record.type >= trace_measure_count)
      return;
    const int group = groups.position_of(record.actor);
    const auto number = record.interface == no_interface && group >= 0 ? groups.edge_above(group) : record.interface;
    const double value = record.measured();
    if (number == no_interface || !std::isfinite(value)) return;
    auto [found, is_new] = interfaces.try_emplace(number);
    if (is_new) found->second.series.fill(running_series(time.count()));
    found->second.series[record.type].add(value, time.at(record.time_ns));
    found->second.batches = std::max(found->second.batches, std::int64_t{record.batch} + 1);
    if (record.type == static_cast<std::uint8_t>(trace_measure::gate) && value >= 0 && value < gate_state_count)
      found->second.gate.push_back({record.batch, static_cast<gate_state>(value)});
    if (record.type == static_cast<std::uint8_t>(trace_measure::norm_ratio))
      found->second.sizes.compared(value * value, 1, std::int64_t{record.batch});
    if (record.type == static_cast<std::uint8_t>(trace_measure::cosine) && record.time_ns >= late_ns) {
      ++found->second.late_cosine.count;
      found->second.late_cosine.sum += value;
    }
  });
  gradient_qualities out{time.begin_ns(), time.length_ns(), {}};
  for (const auto& [number, each] : interfaces) out.interfaces.push_back(finished(number, each));
  return out;
}

namespace {

// The forward passes of the last batches of a group, by batch.
class recent_forwards {
public:
  struct entry {
    std::uint32_t batch = no_trace_batch;
    std::int64_t begin_ns = 0, begun = 0;
  };
  void put(const entry& each) { entries_[each.batch % size] = each; }
  const entry* find(std::uint32_t batch) const {
    const auto& found = entries_[batch % size];
    return found.batch == batch ? &found : nullptr;
  }

private:
  static constexpr std::size_t size = 4096; // more than any group holds at once
  std::vector<entry> entries_ = std::vector<entry>(size);
};

struct staleness_tally {
  recent_forwards forwards;
  staleness_of_group found;
  bucket_means over_time;
  double versions = 0, batches = 0;
  std::int64_t measured = 0, aged = 0;
};

void take_metric(staleness_tally& group, const trace_record& record, std::size_t bucket) {
  const double versions = record.measured();
  if (!std::isfinite(versions)) return;
  group.versions += versions;
  ++group.measured;
  group.found.largest_versions = std::max(group.found.largest_versions, versions);
  ++group.found.versions[std::llround(versions)];
  group.over_time.add(bucket, versions);
}

void take_update(staleness_tally& group, const turn_parts::part& backward, bool is_top) {
  ++group.found.updates;
  const auto* forward = group.forwards.find(backward.batch);
  if (!forward && !is_top) return; // before the trace
  ++group.aged;
  group.found.age.add(backward.end_ns - (forward ? forward->begin_ns : backward.begin_ns));
  if (forward) group.batches += static_cast<double>(backward.begun - forward->begun);
}

staleness_of_group finished(staleness_tally& group) {
  auto& out = group.found;
  if (group.measured > 0) out.mean_versions = group.versions / static_cast<double>(group.measured);
  if (group.aged > 0) out.mean_batches = group.batches / static_cast<double>(group.aged);
  out.versions_over_time = group.over_time.means();
  return std::move(out);
}

} // namespace

staleness_result measure_staleness(const trace_run& run, const trace_filter& filter, int buckets) {
  const group_table groups(run.names());
  const bucketed_span time(first_ns(run, filter), last_ns(run, filter), buckets);
  std::vector<staleness_tally> tallies(groups.groups().size());
  for (std::size_t i = 0; i < tallies.size(); ++i) {
    tallies[i].over_time = bucket_means(time.count());
    tallies[i].found.actor = groups.groups()[i].actor;
    tallies[i].found.name = groups.groups()[i].name;
    tallies[i].found.interface = groups.edge_above(static_cast<int>(i));
  }
  turn_parts parts(groups);
  run.for_each(time_window(filter), [&](const trace_record& record) {
    if (record.kind == record_kind::metric) {
      const int group = groups.position_of(record.actor);
      if (group >= 0 && record.type == static_cast<std::uint8_t>(trace_measure::staleness) && filter.passes(record))
        take_metric(tallies[static_cast<std::size_t>(group)], record, time.at(record.time_ns));
      return;
    }
    const auto part = parts.take(record);
    if (part.what == turn_parts::part::kind::none) return;
    auto& group = tallies[static_cast<std::size_t>(part.group)];
    if (part.what == turn_parts::part::kind::forward)
      group.forwards.put({part.batch, part.begin_ns, part.begun});
    else if (filter.passes(record))
      take_update(group, part, groups.is_top(part.group));
  });
  staleness_result out{time.begin_ns(), time.length_ns(), {}};
  for (auto& each : tallies) out.groups.push_back(finished(each));
  return out;
}

namespace {

class traffic_counter {
public:
  explicit traffic_counter(const trace_names& names) : names_(names) {}

  void take_send(const trace_record& sent) {
    count(sent, 1, sent.value);
    if (leaves(sent)) leaving_[sent.message] = sent;
  }
  // What left the node had another size on the wire.
  void take_serialize(const trace_record& written) {
    const auto found = leaving_.find(written.message);
    if (found == leaving_.end()) return;
    count(found->second, 0, std::int64_t{written.value} - std::int64_t{found->second.value});
    leaving_.erase(found);
  }
  traffic& found() { return found_; }

private:
  // To another node, mostly by way of a link.
  bool leaves(const trace_record& sent) const {
    const auto found = names_.actors.find(sent.peer);
    return node_of(sent.actor) != node_of(sent.peer) ||
           (found != names_.actors.end() && found->second.role == actor_role::link);
  }

  void count(const trace_record& sent, std::int64_t messages, std::int64_t bytes) {
    const auto add = [&](traffic_amount& to) {
      to.messages += messages;
      to.bytes += bytes;
      if (sent.batch != no_trace_batch) to.training_bytes += bytes;
    };
    add(found_.by_pair[{sent.actor, sent.peer}]);
    if (sent.interface != no_interface)
      add(found_.by_interface[{sent.interface, static_cast<trace_message>(sent.type)}]);
  }

  const trace_names& names_;
  traffic found_;
  std::unordered_map<std::uint64_t, trace_record> leaving_; // for another node, not on the wire yet
};

} // namespace

counted_unit unit_of(const trace_names& names) {
  const auto a_sample = parse_number<std::int64_t>(names.fact("units_a_sample")).value_or(0);
  return names.fact("unit") == "tokens" && a_sample > 0 ? counted_unit{"tokens", "token", a_sample} : counted_unit{};
}

traffic measure_traffic(const trace_run& run, const trace_filter& filter) {
  // What they are divided by is that of the time and the batches, whichever of their messages are looked at.
  auto window = time_window(filter);
  window.batches = filter.batches;
  traffic_counter counter(run.names());
  std::int64_t batches = 0;
  run.for_each(window, [&](const trace_record& record) {
    if (record.kind == record_kind::serialize) counter.take_serialize(record);
    if (record.kind != record_kind::send) return;
    if (record.type == static_cast<std::uint8_t>(trace_message::batch_done)) ++batches;
    if (filter.passes(record)) counter.take_send(record);
  });
  auto& found = counter.found();
  found.unit = unit_of(run.names());
  found.counted =
    batches * found.unit.a_sample * parse_number<std::int64_t>(run.names().fact("batch_size")).value_or(0);
  return std::move(found);
}

} // namespace syngrad::tools
