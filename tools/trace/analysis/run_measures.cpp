#include "runtime/text.hpp"
#include "tools/trace/analysis/whole_trace_analyses.hpp"

#include "runtime/trace/trace_vocabulary.hpp"
#include "tools/trace/analysis/log_histogram.hpp"
#include "tools/trace/analysis/time_buckets.hpp"
#include "tools/trace/analysis/trace_actors.hpp"
#include "tools/trace/analysis/training_analyses.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numeric>
#include <optional>
#include <unordered_map>
#include <vector>

namespace syngrad::tools {

namespace {

// Quantiles of one stretch of time after the other.
class stretch_quantiles {
public:
  void add(std::size_t stretch, std::int64_t ns) {
    if (stretch != stretch_) close();
    stretch_ = stretch;
    values_.add(ns);
  }
  void close() {
    if (values_.count() == 0) return;
    p50.push_back(values_.quantile(0.5) / 1e3);
    p99.push_back(values_.quantile(0.99) / 1e3);
    values_ = {};
  }
  std::vector<double> p50, p99; // us

private:
  std::size_t stretch_ = 0;
  log_histogram values_;
};

std::vector<double> known(const std::vector<float>& means) {
  std::vector<double> out;
  for (const auto each : means)
    if (!std::isnan(each)) out.push_back(each);
  return out;
}

class collector {
public:
  collector(const trace_run& run, const bucketed_span& time)
    : groups_(run.names()), time_(time), unit_(unit_of(run.names())),
      counted_(unit_.a_sample * parse_number<std::int64_t>(run.names().fact("batch_size")).value_or(0)),
      steps_(stretches()), bytes_(stretches()), batches_(stretches()),
      busy_(groups_.groups().size(), std::vector<double>(stretches())),
      staleness_(groups_.groups().size(), bucket_means(time.count())), begun_ns_(groups_.groups().size(), -1) {}

  void take(const trace_record& record) {
    const int group = groups_.position_of(record.actor);
    switch (record.kind) {
    case record_kind::send:
      take_send(record);
      break;
    case record_kind::begin:
      take_begin(record, group);
      break;
    case record_kind::end:
      take_end(record, group);
      break;
    case record_kind::update:
      if (group >= 0 && groups_.is_top(group)) ++steps_[time_.at(record.time_ns)];
      break;
    case record_kind::metric:
      take_metric(record, group);
      break;
    default:
      break;
    }
  }

  std::vector<run_measure> finished();

private:
  std::size_t stretches() const { return static_cast<std::size_t>(time_.count()); }

  void take_send(const trace_record& record) {
    if (record.batch != no_trace_batch) bytes_[time_.at(record.time_ns)] += record.value; // of training alone
    if (record.type == static_cast<std::uint8_t>(trace_message::batch_done)) ++batches_[time_.at(record.time_ns)];
    if (record.message != 0) sent_ns_[record.message] = record.time_ns;
  }
  void take_begin(const trace_record& record, int group) {
    handled_since_[record.actor] = record.time_ns;
    if (group >= 0) begun_ns_[static_cast<std::size_t>(group)] = record.time_ns;
    const auto sent = sent_ns_.find(record.message);
    if (sent == sent_ns_.end()) return;
    queues_[record.type].add(time_.at(record.time_ns), record.time_ns - sent->second);
    sent_ns_.erase(sent);
  }
  void take_end(const trace_record& record, int group) {
    if (const auto since = handled_since_.find(record.actor); since != handled_since_.end() && since->second >= 0) {
      handlers_[record.type].add(time_.at(record.time_ns), record.time_ns - since->second);
      since->second = -1;
    }
    if (group < 0) return;
    auto& begun = begun_ns_[static_cast<std::size_t>(group)];
    if (begun >= 0) add_busy(busy_[static_cast<std::size_t>(group)], begun, record.time_ns);
    begun = -1;
  }
  void add_busy(std::vector<double>& shares, std::int64_t begin_ns, std::int64_t end_ns) const {
    for (auto at = time_.at(begin_ns); at <= time_.at(end_ns); ++at) {
      const auto from = time_.begin_ns() + static_cast<std::int64_t>(at) * time_.length_ns();
      const auto overlap = std::min(end_ns, from + time_.length_ns()) - std::max(begin_ns, from);
      shares[at] += static_cast<double>(std::max<std::int64_t>(overlap, 0)) / static_cast<double>(time_.length_ns());
    }
  }
  void take_metric(const trace_record& record, int group) {
    const double value = record.measured();
    if (group < 0 || !std::isfinite(value)) return;
    const auto at = time_.at(record.time_ns);
    if (record.type == static_cast<std::uint8_t>(trace_measure::staleness))
      staleness_[static_cast<std::size_t>(group)].add(at, value);
    if (record.type == static_cast<std::uint8_t>(trace_measure::cosine))
      cosine_.try_emplace(groups_.edge_above(group), time_.count()).first->second.add(at, value);
  }
  void add_quantiles(std::vector<run_measure>& out, const std::string& what,
                     std::map<std::uint8_t, stretch_quantiles>& of_type) {
    for (auto& [type, each] : of_type) {
      each.close();
      const auto name = std::string(name_of(static_cast<trace_message>(type)));
      out.push_back({what + " p50, " + name, "us", each.p50});
      out.push_back({what + " p99, " + name, "us", each.p99});
    }
  }

  group_table groups_;
  bucketed_span time_;
  counted_unit unit_;
  std::int64_t counted_; // of them in a batch; 0: unknown
  std::vector<double> steps_, bytes_, batches_;
  std::vector<std::vector<double>> busy_; // by group, by stretch
  std::vector<bucket_means> staleness_;
  std::map<std::uint16_t, bucket_means> cosine_;
  std::vector<std::int64_t> begun_ns_; // of the group's handler; -1: none
  std::unordered_map<std::uint64_t, std::int64_t> sent_ns_;
  std::unordered_map<std::uint32_t, std::int64_t> handled_since_;
  std::map<std::uint8_t, stretch_quantiles> queues_, handlers_; // by message type
};

std::vector<run_measure> collector::finished() {
  std::vector<run_measure> out{{"steps", "1/s", {}}};
  for (const auto count : steps_) out[0].values.push_back(count * 1e9 / static_cast<double>(time_.length_ns()));
  for (std::size_t i = 0; i < busy_.size(); ++i)
    out.push_back({"busy, " + groups_.groups()[i].name, "share", busy_[i]});
  add_quantiles(out, "queue", queues_);
  add_quantiles(out, "handler", handlers_);
  for (std::size_t i = 0; i < staleness_.size(); ++i)
    out.push_back({"staleness, " + groups_.groups()[i].name, "versions", known(staleness_[i].means())});
  for (const auto& [interface, each] : cosine_)
    out.push_back({"cosine, interface " + std::to_string(interface), "", known(each.means())});
  run_measure bytes{"bytes per " + unit_.one, "bytes", {}};
  for (std::size_t i = 0; i < bytes_.size(); ++i)
    if (batches_[i] > 0 && counted_ > 0)
      bytes.values.push_back(bytes_[i] / batches_[i] / static_cast<double>(counted_));
  out.push_back(std::move(bytes));
  return out;
}

constexpr std::size_t resamples = 2000;
constexpr std::size_t least_values = 8;

double mean_of(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double resampled_mean(std::span<const double> values, random_source& random) {
  double sum = 0;
  for (std::size_t i = 0; i < values.size(); ++i)
    sum += values[random.below(static_cast<std::uint32_t>(values.size()))];
  return sum / static_cast<double>(values.size());
}

} // namespace

std::vector<run_measure> measure_run(const trace_run& run, const trace_filter& filter, int stretches) {
  auto window = time_window(filter);
  std::optional<std::pair<std::int64_t, std::int64_t>> training;
  run.for_each(window, [&](const trace_record& record) {
    if (record.kind != record_kind::update) return;
    if (!training) training = {record.time_ns, record.time_ns};
    training->second = record.time_ns;
  });
  if (!training) return {};
  window.from_ns = training->first;
  window.to_ns = training->second + 1;
  collector measures(run, bucketed_span(training->first, training->second, stretches));
  run.for_each(window, [&](const trace_record& record) { measures.take(record); });
  return measures.finished();
}

std::optional<mean_difference> compare_means(std::span<const double> a, std::span<const double> b,
                                             random_source random) {
  if (a.size() < least_values || b.size() < least_values) return std::nullopt;
  std::vector<double> changes(resamples);
  for (auto& each : changes) {
    const double of_a = resampled_mean(a, random);
    each = resampled_mean(b, random) - of_a;
  }
  std::sort(changes.begin(), changes.end());
  const auto at = [&](double q) { return changes[static_cast<std::size_t>(q * static_cast<double>(resamples - 1))]; };
  return mean_difference{mean_of(b) - mean_of(a), at(0.025), at(0.975)};
}

} // namespace syngrad::tools
