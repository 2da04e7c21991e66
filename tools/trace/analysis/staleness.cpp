#include "tools/trace/analysis/training_analyses.hpp"

#include "tools/trace/analysis/time_buckets.hpp"
#include "tools/trace/analysis/turn_parts.hpp"

#include <array>
#include <cmath>

namespace syngrad::tools {

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
    tallies[i].found.interface = groups.interface_above(static_cast<int>(i));
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

} // namespace syngrad::tools
