#include "tools/trace/analysis/training_analyses.hpp"

#include "runtime/trace/trace_vocabulary.hpp"
#include "tools/trace/analysis/actor_index.hpp"
#include "tools/trace/analysis/time_buckets.hpp"

#include <array>
#include <cmath>
#include <map>

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
    const auto number =
      record.interface == no_interface && group >= 0 ? groups.interface_above(group) : record.interface;
    const double value = record.measured();
    if (number == no_interface || !std::isfinite(value)) return;
    auto [found, is_new] = interfaces.try_emplace(number);
    if (is_new) found->second.series.fill(running_series(time.count()));
    found->second.series[record.type].add(value, time.at(record.time_ns));
    if (record.type == static_cast<std::uint8_t>(trace_measure::cosine) && record.time_ns >= late_ns) {
      ++found->second.late_cosine.count;
      found->second.late_cosine.sum += value;
    }
  });
  gradient_qualities out{time.begin_ns(), time.length_ns(), {}};
  for (const auto& [number, each] : interfaces) out.interfaces.push_back(finished(number, each));
  return out;
}

} // namespace syngrad::tools
