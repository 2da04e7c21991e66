#include "actors/batch_window.hpp"

#include "models/state_archive.hpp"
#include "runtime/device.hpp"
#include "runtime/operators.hpp"
#include "runtime/text.hpp"
#include "runtime/trace/trace_record.hpp"

#include <algorithm>
#include <cassert>

namespace syngrad {

namespace {

constexpr std::size_t most_cached = 1 << 16; // tensors of a batch

} // namespace

void batch_window::prepare(std::int64_t capacity, int layers) {
  const shape measures{measure::nonfinite + layers};
  const bool host_reads = work_.owner().host_reads_memory();
  while (static_cast<std::int64_t>(spare_.size()) < capacity) {
    spare_.push_back(std::make_unique<batch_record>());
    auto& record = *spare_.back();
    record.measures = make_tensor(work_, measures);
    record.numbers = host_reads ? record.measures : make_host_visible_tensor(work_, measures);
  }
}

batch_record& batch_window::begin(std::uint64_t batch) {
  assert(!spare_.empty() && (is_empty() || last() < batch));
  in_flight_.push_back(std::move(spare_.back()));
  spare_.pop_back();
  auto& record = *in_flight_.back();
  work_.ops().fill(work_, record.measures, 0);
  record.batch = batch;
  record.update_terms = 0;
  record.predictor_version = no_predictor_version;
  record.in_turn = record.sent_down = record.finished = record.ends_at_gap = record.awaits_audit = false;
  record.agreement_measured = record.audit_measured = record.audit_sent_down = record.told_in_turn = record.put_off =
    false;
  record.activations_measured = 0;
  return record;
}

batch_record* batch_window::find(std::uint64_t batch) {
  const auto found =
    std::find_if(in_flight_.begin(), in_flight_.end(), [&](const auto& each) { return each->batch == batch; });
  return found == in_flight_.end() ? nullptr : found->get();
}

void batch_window::recycle(batch_record& record) {
  const auto found =
    std::find_if(in_flight_.begin(), in_flight_.end(), [&](const auto& each) { return each.get() == &record; });
  assert(found != in_flight_.end());
  spare_.push_back(std::move(*found));
  in_flight_.erase(found);
}

void batch_window::copy_measures(const batch_record& record) {
  if (work_.owner().host_reads_memory()) return;
  auto numbers = record.numbers;
  work_.ops().copy(work_, record.measures, numbers);
}

void batch_window::release_tensors(batch_record& record) const {
  record.cache.drop();
  record.cache_of_chosen.drop();
  record.chosen = {};
  record.deferred.clear();
  record.output = record.targets = record.prediction = record.weights = {};
}

// ---- to be saved and loaded

namespace {

void keep_all(state_archive& of, const char* name, std::vector<tensor>& tensors) {
  of.within(std::string(name) + ".", [&] {
    auto count = tensors.size();
    of.word("count", count);
    if (of.loads()) tensors.resize(of.outcome() ? std::min<std::size_t>(count, most_cached) : 0);
    for (std::size_t i = 0; i < tensors.size(); ++i) of.anew(std::to_string(i), tensors[i]);
  });
}

void keep_chosen(state_archive& of, chosen_samples& chosen) {
  of.anew("chosen.numbers", chosen.numbers);
  of.anew("chosen.weights", chosen.weights);
  of.word("chosen.all", chosen.all);
}

void keep_cache(state_archive& of, const char* name, group_cache& cache) {
  of.within(std::string(name) + ".", [&] {
    keep_all(of, "saved", cache.saved);
    of.word("is_there", cache.is_there);
    of.anew("before", cache.following.before);
    of.anew("after", cache.following.after);
    of.anew("input", cache.beginning.input);
    of.anew("state", cache.beginning.state);
    keep_all(of, "carried", cache.beginning.carried);
  });
  if (of.loads()) cache.slot = 0; // no recorded work knows it
}

// Which of the saved tensors lies in the memory that came from below.
void keep_from_below(state_archive& of, batch_record& record) {
  const auto& saved = record.cache.saved;
  const auto lies_there = [&](const tensor& each) { return each && each.memory().get() == record.from_below; };
  auto at = std::find_if(saved.begin(), saved.end(), lies_there) - saved.begin();
  of.word("from_below", at);
  if (!of.loads()) return;
  const bool is_known =
    at >= 0 && at < static_cast<std::ptrdiff_t>(saved.size()) && saved[static_cast<std::size_t>(at)];
  record.from_below = is_known ? saved[static_cast<std::size_t>(at)].memory().get() : nullptr;
}

} // namespace

void batch_window::keep_early(state_archive& of, std::optional<batch_record::early_gradient>& early) {
  bool is_there = early.has_value();
  of.word("early", is_there);
  if (of.loads() && is_there) early.emplace();
  if (!is_there) return;
  of.within("early.", [&] {
    of.word("kind", early->kind);
    of.anew("values", early->values);
    keep_chosen(of, early->chosen);
  });
}

void batch_window::keep_early_audit(state_archive& of, std::optional<tensor>& early) {
  bool is_there = early.has_value();
  of.word("early_audit", is_there);
  if (of.loads() && is_there) early.emplace();
  if (is_there) of.anew("early_audit.values", *early);
}

void batch_window::keep(state_archive& of, batch_record& record) {
  of.word("step", record.step);
  of.word("samples", record.samples);
  of.word("rows", record.rows);
  of.word("terms", record.terms);
  of.word("has_loss", record.has_loss);
  of.word("version", record.version);
  of.word("update_terms", record.update_terms);
  of.word("predictor_version", record.predictor_version);
  of.word("gate", record.gate);
  of.word("sent_down", record.sent_down);
  of.word("finished", record.finished);
  of.word("ends_at_gap", record.ends_at_gap);
  of.word("awaits_audit", record.awaits_audit);
  of.word("activations_measured", record.activations_measured);
  of.word("agreement_measured", record.agreement_measured);
  of.word("rows_measured", record.rows_measured);
  of.word("audit_measured", record.audit_measured);
  of.word("audit_sent_down", record.audit_sent_down);
  of.word("told_in_turn", record.told_in_turn);
  of.in_place("measures", record.measures);
  keep_cache(of, "cache", record.cache);
  keep_cache(of, "cache_of_chosen", record.cache_of_chosen);
  keep_from_below(of, record);
  of.anew("output", record.output);
  of.anew("targets", record.targets);
  of.anew("prediction", record.prediction);
  of.anew("weights", record.weights);
  keep_chosen(of, record.chosen);
  keep_early(of, record.early);
  keep_early_audit(of, record.early_audit);
}

void batch_window::keep(state_archive& of) {
  const auto is_done = [](const auto& each) { return each->finished && !each->awaits_audit; };
  std::string numbers;
  for (const auto& each : in_flight_) {
    assert(!each->in_turn && !each->put_off && "not between two batches");
    if (!is_done(each)) numbers += (numbers.empty() ? "" : " ") + std::to_string(each->batch);
  }
  of.within("window.", [&] {
    of.word("batches", numbers);
    if (of.loads() && !numbers.empty()) {
      std::uint64_t next = 0;
      for (const auto part : split_text(numbers, ' ')) {
        std::uint64_t batch = 0;
        if (!state_text::read(std::string(part), batch) || batch < next)
          return of.fail("'window.batches' cannot be '" + numbers + "'");
        if (spare_.empty()) return of.fail("more batches are in flight than the group has room for");
        begin(batch);
        next = batch + 1;
      }
    }
    for (const auto& each : in_flight_)
      if (of.loads() || !is_done(each)) of.within(std::to_string(each->batch) + ".", [&] { keep(of, *each); });
  });
}

} // namespace syngrad
