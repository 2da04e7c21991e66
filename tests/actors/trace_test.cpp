// What a run records: every message once, with its cause, every update with its version, whole batches in a sample.
#include "tests/actors/threaded_run.hpp"
#include "tests/runtime/io/temporary_folder.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/toy_data.hpp"

#include "actors/training.hpp"
#include "runtime/cpu/cpu_device.hpp"
#include "runtime/trace/trace_recorder.hpp"
#include "runtime/trace/trace_vocabulary.hpp"
#include "tools/trace/trace_run.hpp"

#include <map>
#include <set>

using namespace syngrad;
using namespace syngrad::test;

namespace {

constexpr std::int64_t steps = 40;
constexpr int groups = 4;

struct traced_run {
  training_summary summary;
  std::vector<trace_record> records;
  trace_names names;
  std::uint64_t lost = 0;
};

traced_run run_traced(const std::string& policy, std::uint32_t sample = 1, bool recorder_on = true) {
  temporary_folder folder;
  trace_settings wanted;
  wanted.folder = folder.path();
  wanted.sample = sample;
  auto recorder = trace_recorder::create(wanted, {});
  REQUIRE(recorder);
  (*recorder)->switch_on(recorder_on);
  cpu_device cpu;
  training_settings settings;
  settings.policy = policy;
  settings.split.assign(groups, 1);
  settings.batch_size = 4;
  settings.steps = steps;
  settings.audit_every = 5;
  settings.evaluate_every = 16;
  auto run = training::prepare(settings, std::move(*make_network("mlp:5-4x3-3")), toy(), cpu, {}, recorder->get());
  REQUIRE(run);
  traced_run out;
  out.summary = (*run)->run();
  REQUIRE(out.summary.end == run_end::finished);
  REQUIRE((*recorder)->close());
  const auto trace = tools::trace_run::open(folder.path());
  REQUIRE(trace);
  trace->for_each([&](const trace_record& record) { out.records.push_back(record); });
  out.names = trace->names();
  out.lost = trace->lost();
  return out;
}

bool is(const trace_record& record, record_kind kind, trace_message type) {
  return record.kind == kind && record.type == static_cast<std::uint8_t>(type);
}

// Whether it only trains a predictor.
bool learns(const trace_record& record) {
  const auto type = static_cast<trace_message>(record.type);
  return type == trace_message::target || type == trace_message::next_target || type == trace_message::solve ||
         type == trace_message::solved;
}

} // namespace

TEST_CASE("every message of a batch is recorded once when sent, once when handled, after its cause") {
  const std::string policy = GENERATE("locked", "synthetic", "corrected", "delayed", "local");
  CAPTURE(policy);
  const auto run = run_traced(policy);
  REQUIRE(run.lost == 0);
  std::map<std::uint64_t, const trace_record*> sent;
  std::map<std::uint64_t, int> begun, ended;
  for (const auto& record : run.records) {
    if (record.kind == record_kind::send) {
      REQUIRE(sent.emplace(record.message, &record).second);
      REQUIRE(sender_of(record.message) == record.actor);
      REQUIRE(run.names.actors.contains(record.actor));
      REQUIRE(run.names.actors.contains(record.peer));
      if (record.parent != 0) REQUIRE(sent.contains(record.parent));
    } else if (record.kind == record_kind::begin && record.message != 0) {
      const auto cause = sent.find(record.message);
      REQUIRE(cause != sent.end());
      REQUIRE(cause->second->peer == record.actor);
      REQUIRE(cause->second->actor == record.peer);
      REQUIRE(cause->second->value == record.value);
      ++begun[record.message];
    } else if (record.kind == record_kind::end && record.message != 0) {
      REQUIRE(begun[record.message] == 1);
      ++ended[record.message];
    }
  }
  std::map<std::uint8_t, std::int64_t> count;
  for (const auto& [id, record] : sent) {
    // At the end orders and reports may be in flight, and what predictors still learn from: nobody waits for those.
    if (record->batch == no_trace_batch || learns(*record)) continue;
    REQUIRE(begun[id] == 1);
    REQUIRE(ended[id] == 1);
    ++count[record->type];
  }
  const auto of = [&](trace_message type) { return count[static_cast<std::uint8_t>(type)]; };
  REQUIRE(of(trace_message::activation) == steps * groups);
  REQUIRE(of(trace_message::gradient) == steps * (groups - 1));
  REQUIRE(of(trace_message::credit) == steps * groups);
  REQUIRE(of(trace_message::predict) == (policy == "locked" || policy == "delayed" ? 0 : steps * (groups - 1)));
  REQUIRE(of(trace_message::predict) == of(trace_message::synthetic_gradient));
}

TEST_CASE("the activation of a batch descends from the one that the group below sent") {
  const auto run = run_traced("synthetic");
  std::map<std::uint64_t, const trace_record*> sent;
  for (const auto& record : run.records)
    if (record.kind == record_kind::send) sent[record.message] = &record;
  int chains = 0;
  for (const auto& record : run.records) {
    if (!is(record, record_kind::send, trace_message::activation) || record.interface != groups - 2) continue;
    const auto* at = &record;
    for (int above = groups - 2; above > 0; --above) {
      at = sent.at(at->parent);
      REQUIRE(at->type == static_cast<std::uint8_t>(trace_message::activation));
      REQUIRE(at->interface == above - 1);
      REQUIRE(at->batch == record.batch);
    }
    ++chains;
  }
  REQUIRE(chains > steps); // evaluations, too
}

TEST_CASE("updates carry their versions, and measures agree with the summary") {
  const std::string policy = GENERATE("locked", "synthetic", "delayed");
  const auto run = run_traced(policy);
  std::map<std::uint32_t, std::uint32_t> version;
  std::map<std::uint32_t, std::pair<double, int>> staleness, audit;
  int losses = 0;
  for (const auto& record : run.records) {
    if (record.kind == record_kind::update) {
      REQUIRE(record.version == ++version[record.actor]);
      const bool top = run.names.actors.at(record.actor).index == groups - 1;
      const bool predicted = policy == "synthetic" && !top;
      REQUIRE(record.type ==
              static_cast<std::uint8_t>(predicted ? applied_gradient::synthetic : applied_gradient::truth));
      REQUIRE((record.value == no_predictor_version) == !predicted);
    } else if (record.kind == record_kind::metric) {
      const auto add = [&](auto& sums) {
        sums[record.actor].first += static_cast<double>(record.measured());
        ++sums[record.actor].second;
      };
      if (record.type == static_cast<std::uint8_t>(trace_measure::staleness)) add(staleness);
      if (record.type == static_cast<std::uint8_t>(trace_measure::audit_cosine) &&
          record.measured() == record.measured())
        add(audit);
      if (record.type == static_cast<std::uint8_t>(trace_measure::loss)) ++losses;
    }
  }
  REQUIRE(losses == steps);
  REQUIRE(version.size() == groups);
  for (const auto& [id, last] : version) {
    REQUIRE(last == steps);
    const auto& group = run.summary.groups[static_cast<std::size_t>(run.names.actors.at(id).index)];
    REQUIRE(staleness.at(id).first / staleness.at(id).second == Approx(group.staleness).margin(1e-6));
    if (audit.contains(id))
      REQUIRE(audit.at(id).first / audit.at(id).second == Approx(group.audit_cosine).margin(1e-4));
  }
}

TEST_CASE("a sample holds whole batches and nothing of the others") {
  const auto run = run_traced("synthetic", 4);
  std::map<std::uint32_t, int> activations;
  for (const auto& record : run.records)
    if (is(record, record_kind::send, trace_message::activation) && record.batch != no_trace_batch)
      ++activations[record.batch];
  REQUIRE(activations.size() >= 3);
  REQUIRE(activations.size() <= 20);
  for (const auto& [batch, count] : activations) REQUIRE(count == groups);
  std::set<std::uint32_t> others;
  for (const auto& record : run.records)
    if (record.batch != no_trace_batch && !activations.contains(record.batch)) others.insert(record.batch);
  REQUIRE(others.empty());
}

TEST_CASE("a recorder that is switched off records nothing") {
  REQUIRE(run_traced("synthetic", 1, false).records.empty());
}
