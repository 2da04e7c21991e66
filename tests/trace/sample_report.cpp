#include "tests/trace/sample_report.hpp"

#include <cmath>

namespace syngrad::test {

using namespace syngrad::tools;

namespace {

constexpr int groups = 6, buckets = 60;
constexpr std::int64_t bucket_ns = 40'000'000;

// A number from 0 to 1 that looks drawn by chance, always the same.
double chance(int a, int b) {
  const auto mixed = static_cast<std::uint32_t>(a * 7919 + b * 104729 + 12345) * 2654435761u;
  return static_cast<double>(mixed >> 8) / static_cast<double>(1u << 24);
}

std::string numbered(const char* name, int number) {
  return std::string(name) + " " + std::to_string(number);
}

struct person {
  std::uint32_t id;
  std::string name;
  actor_role role;
  int index;
};

std::vector<person> cast() {
  std::vector<person> out;
  std::uint16_t next = 3;
  for (int i = 0; i < groups; ++i) out.push_back({actor_id(0, next++), numbered("group", i), actor_role::group, i});
  out.push_back({actor_id(0, 2), "source", actor_role::source, 0});
  for (int i = 0; i + 1 < groups; ++i) {
    out.push_back({actor_id(0, next++), numbered("solver", i), actor_role::solver, i});
    out.push_back({actor_id(0, next++), numbered("predictor", i), actor_role::predictor, i});
  }
  out.push_back({actor_id(0, 1), "coordinator", actor_role::coordinator, 0});
  return out;
}

std::vector<float> wave(int seed, double mean, double swing) {
  std::vector<float> values;
  for (int i = 0; i < buckets; ++i)
    values.push_back(
      static_cast<float>(std::max(0.0, mean + swing * std::sin(i * 0.2 + seed) + swing * (chance(seed, i) - 0.5))));
  return values;
}

void add_times(report_data& data) {
  data.times.span_ns = buckets * bucket_ns;
  data.times.bucket_ns = bucket_ns;
  int seed = 0;
  for (const auto& [id, name, role, index] : cast()) {
    activity one;
    one.name = name;
    one.role = role;
    one.handled = 12000 + 100 * seed;
    one.busy = role == actor_role::group ? 0.35 + 0.1 * index : 0.02 + 0.05 * chance(seed, 1);
    one.ready = 0.12;
    one.starved = (1 - one.busy - one.ready) * (role == actor_role::group ? 0.3 + 0.1 * index : 0.9);
    one.blocked = role == actor_role::group ? (1 - one.busy - one.ready) * (0.5 - 0.1 * index) : 0;
    one.idle = 1 - one.busy - one.ready - one.starved - one.blocked;
    one.busy_over_time = wave(seed, one.busy, 0.15);
    data.times.actors.push_back(one);
    queue_of_actor queue;
    queue.actor = id;
    queue.name = name;
    queue.arrivals = one.handled;
    queue.mean_depth = 4 * one.busy;
    queue.over_time = wave(seed + 3, 4 * one.busy, 1);
    data.queues.actors.push_back(queue);
    ++seed;
  }
  data.queues.span_ns = data.times.span_ns;
  data.queues.bucket_ns = bucket_ns;
}

void add_latency(report_data& data) {
  const std::pair<trace_message, double> types[] = {
    {trace_message::activation, 9e5},         {trace_message::gradient, 4e5}, {trace_message::predict, 6e4},
    {trace_message::synthetic_gradient, 7e5}, {trace_message::target, 3e4},   {trace_message::credit, 4e3},
    {trace_message::batch_done, 2e3}};
  int seed = 0;
  for (const auto& [type, typical] : types) {
    auto& parts = data.latency.by_type[type];
    for (int i = 0; i < 2000; ++i) {
      const auto tail = std::exp(3 * chance(seed, i) * chance(seed, i + 1));
      parts.handler.add(static_cast<std::int64_t>(typical * (0.8 + 0.3 * tail)));
      parts.queue.add(static_cast<std::int64_t>(2e4 * tail * tail * (1 + chance(i, seed))));
    }
    ++seed;
  }
}

void add_gradients(report_data& data) {
  data.staleness.bucket_ns = data.gradients.bucket_ns = bucket_ns;
  for (int i = 0; i < groups; ++i) {
    staleness_of_group group;
    group.name = numbered("group", i);
    group.mean_versions = groups - 1 - i;
    for (int versions = 0; versions <= groups + 2 - i; ++versions)
      group.versions[versions] = std::lround(900 * std::exp(-0.6 * std::abs(versions - (groups - 1 - i))));
    group.versions_over_time = wave(i, groups - 1 - i, 0.3);
    data.staleness.groups.push_back(group);
    if (i + 1 == groups) break;
    gradient_quality one;
    one.interface = static_cast<std::uint16_t>(i);
    for (int bucket = 0; bucket < buckets; ++bucket)
      one.cosine.over_time.push_back(
        static_cast<float>((0.5 + 0.08 * i) * (1 - std::exp(-bucket / 12.0)) + 0.06 * (chance(i, bucket) - 0.5)));
    one.audit_cosine.over_time.assign(buckets, std::nanf(""));
    for (int bucket = 4; bucket < buckets; bucket += 10)
      one.audit_cosine.over_time[static_cast<std::size_t>(bucket)] =
        one.cosine.over_time[static_cast<std::size_t>(bucket)] - 0.05F;
    one.norm_ratio.over_time = wave(i, 0.7, 0.1);
    one.activation_rms.over_time = wave(i, 1.0 + i, 0.2);
    data.gradients.interfaces.push_back(one);
  }
}

void add_bytes(report_data& data) {
  const auto everyone = cast();
  data.bytes.counted = 256 * 1000;
  const auto id_of = [&](const std::string& name) {
    for (const auto& one : everyone)
      if (one.name == name) return one.id;
    return 0u;
  };
  const auto add = [&](const std::string& from, const std::string& to, std::int64_t bytes) {
    data.bytes.by_pair[{id_of(from), id_of(to)}] = {1000, bytes, bytes};
  };
  add("source", "group 0", 803'000'000);
  for (int i = 0; i + 1 < groups; ++i) {
    const auto group = numbered("group", i), above = numbered("group", i + 1);
    add(group, above, 262'144'000);
    add(above, group, 262'144'000);
    add(group, numbered("predictor", i), 272'000'000);
    add(numbered("predictor", i), group, 262'144'000);
    add(numbered("predictor", i), numbered("solver", i), 1'200'000);
    add(numbered("solver", i), numbered("predictor", i), 300'000);
  }
  add("group 5", "coordinator", 8'000);
}

void add_path(report_data& data) {
  critical_path path;
  path.span_ns = data.span_ns;
  path.steps.emplace_back();
  path.by_category = {{"compute", 0.61}, {"queue", 0.14}, {"actor", 0.25}, {"wire", 0}};
  path.by_actor = {{"group 0", 0.08}, {"group 3", 0.17}, {"group 4", 0.24}, {"group 5", 0.45}, {"predictor 4", 0.06}};
  data.path = path;
  lock_replay replay;
  for (int i = 0; i < groups; ++i)
    replay.groups.push_back({actor_id(0, static_cast<std::uint16_t>(3 + i)), numbered("group", i), 310e3, 620e3});
  replay.batches = 1000;
  replay.measured_ns = 2.4e6;
  replay.locked_ns = 6.1e6;
  data.locks = replay;
}

} // namespace

report_data sample_report() {
  report_data data;
  data.run = "20250301-120000-synthetic";
  data.started = "2025-03-01 12:00:00 UTC";
  data.summary = {"finished", "error_percent", 1.62, 104321, 2.4, 1000};
  data.names.facts = {
    {"policy", "synthetic"}, {"model", "mlp:784-256x5-10"}, {"groups", "6"}, {"threads", "2"}, {"batch_size", "256"}};
  for (const auto& [id, name, role, index] : cast()) data.names.actors[id] = {role, index, name};
  data.span_ns = buckets * bucket_ns;
  data.records = 512345;
  data.bottlenecks = {"group 5 was busy 85 % of the time: it sets the pace; give it fewer layers (--split).",
                      "group 0 waited for credit 27 % of the time: group 5 is the slowest (85 % busy).",
                      "messages for group 1 waited for a free thread 12 % of the time: 2 threads are 95 % busy."};
  add_times(data);
  add_latency(data);
  add_gradients(data);
  add_bytes(data);
  add_path(data);
  return data;
}

report_data empty_report() {
  report_data data;
  data.run = "nothing";
  data.path = error::data("the trace has no batch");
  data.locks = error::data("no batch was traced from the source to the top");
  return data;
}

} // namespace syngrad::test
