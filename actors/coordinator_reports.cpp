// Of coordinator_actor: evaluations, and what all groups report for them, for the progress line and for the summary.
#include "actors/coordinator_actor.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace syngrad {

// ---- evaluation

void coordinator_actor::handle_evaluation_begun(evaluation_begun& begun) {
  evaluations_[begun.evaluation] = {
    begun.evaluation, begun.step, begun.samples, begun.samples, {}, begun.on_test_set, stage_ == stage::evaluating};
}

void coordinator_actor::handle_evaluated(evaluated& part) {
  const auto found = evaluations_.find(part.evaluation);
  if (stage_ == stage::ended || found == evaluations_.end()) return;
  beat();
  auto& running = found->second;
  const bool is_first = running.samples_left == running.samples;
  if (is_first && !running.final) count_training_time(); // its samples follow the last batch
  running.totals.add(part.totals);
  running.samples_left -= part.samples;
  if (running.samples_left > 0) return;
  const auto finished = running;
  evaluations_.erase(found);
  finish_evaluation(finished);
}

// What of it has crossed the gap comes back late, for an evaluation that is not known any more.
void coordinator_actor::handle_evaluation_missed(evaluation_missed& missed) {
  const auto found = evaluations_.find(missed.evaluation);
  if (stage_ != stage::training || found == evaluations_.end()) return;
  beat();
  const auto left_out = found->second;
  evaluations_.erase(found);
  if (left_out.samples_left < left_out.samples) segment_ns_ = last_done_ns_ = steady_now_ns();
  if (!std::exchange(told_of_missed_, true) && setup_->observer.on_notice)
    setup_->observer.on_notice("the evaluation at step " + std::to_string(left_out.step) +
                               " is left out: the network is away, and training goes on below the gap");
  send(setup_->source, evaluation_missed{context_for(no_batch), left_out.number});
}

void coordinator_actor::finish_evaluation(const running_evaluation& finished) {
  told_of_missed_ = false;
  evaluation_report out;
  out.step = finished.step;
  out.wall_s = seconds(steady_now_ns() - began_ns_);
  out.train_loss = interval_batches_ ? interval_loss_ / static_cast<double>(interval_batches_) : not_measured;
  out.loss = finished.totals.mean_loss();
  out.metrics = setup_->trained_for->values_of(finished.totals);
  out.samples_per_s = rate() * static_cast<double>(setup_->batch_size);
  out.on_validation = !finished.on_test_set;
  last_metrics_ = out.metrics;
  if (done_ > warm_after) warm_allocations_ = allocations() - summary_.allocations_while_warm;
  if (finished.final) {
    (finished.on_test_set ? summary_.test : summary_.validation) = out.metrics;
  }
  ask_for_reports({gathering::purpose::evaluation, {}, out, finished.final}, report_span::since_last_interval);
}

void coordinator_actor::next_final_evaluation() {
  if (final_evaluations_.empty()) {
    ask_for_reports({gathering::purpose::summary, {}, {}}, report_span::run);
    return;
  }
  stage_ = stage::evaluating;
  const bool on_test_set = final_evaluations_.front();
  final_evaluations_.pop_front();
  send(setup_->source, evaluate{context_for(no_batch),
                                static_cast<std::uint64_t>(done_ + alone_) * 2 + (on_test_set ? 1 : 0), on_test_set});
}

// ---- reports

void coordinator_actor::ask_for_reports(gathering wanted, report_span span) {
  if (wanted.use == gathering::purpose::summary) stage_ = stage::reporting;
  const auto number = ++next_report_;
  gatherings_[number] = std::move(wanted);
  for (const auto& each : setup_->groups) send(each, report_request{context_for(no_batch), number, span});
}

void coordinator_actor::handle_report(report& arrived) {
  const auto found = gatherings_.find(arrived.number);
  if (stage_ == stage::ended || found == gatherings_.end()) return;
  found->second.reports.push_back(arrived.of_group);
  if (found->second.reports.size() < setup_->groups.size()) return;
  auto complete = std::move(found->second);
  gatherings_.erase(found);
  std::sort(complete.reports.begin(), complete.reports.end(), [](auto& a, auto& b) { return a.group < b.group; });
  reports_complete(std::move(complete));
}

void coordinator_actor::reports_complete(gathering complete) {
  switch (complete.use) {
  case gathering::purpose::progress:
    progress_pending_ = false;
    show_progress(complete.reports);
    return;
  case gathering::purpose::summary:
    summary_.groups = std::move(complete.reports);
    judge_skipped();
    end();
    return;
  case gathering::purpose::evaluation:
    break;
  }
  complete.evaluation.groups = std::move(complete.reports);
  if (setup_->observer.on_evaluation) setup_->observer.on_evaluation(complete.evaluation);
  interval_loss_ = 0;
  interval_batches_ = 0;
  if (complete.final) {
    next_final_evaluation();
    return;
  }
  segment_ns_ = last_done_ns_ = steady_now_ns();
  if (setup_->target && setup_->target->is_reached(complete.evaluation.loss, complete.evaluation.metrics)) {
    if (summary_.end == run_end::finished) summary_.end = run_end::target_reached;
    send(setup_->source, stop_training{context_for(no_batch)});
  } else {
    send(setup_->source, resume_training{context_for(no_batch)});
  }
}

void coordinator_actor::handle_tick(progress_tick&) {
  if (stage_ == stage::ended) return;
  if (!progress_pending_ && stage_ == stage::training) {
    progress_pending_ = true;
    ask_for_reports({gathering::purpose::progress, {}, {}}, report_span::run);
  }
  const auto pause = std::chrono::duration<double>(setup_->observer.progress_interval_s);
  delayed_send(this, std::chrono::duration_cast<std::chrono::milliseconds>(pause), progress_tick{});
}

void coordinator_actor::show_progress(const std::vector<group_report>& groups) {
  progress_report out;
  out.step = done_;
  out.steps = setup_->steps;
  out.loss = done_ ? recent_loss_ : not_measured;
  const auto steps_per_s = rate();
  out.samples_per_s = steps_per_s * static_cast<double>(setup_->batch_size);
  out.eta_s = steps_per_s > 0 ? static_cast<double>(setup_->steps - done_) / steps_per_s : not_measured;
  out.metrics = last_metrics_;
  for (const auto& each : groups) out.busy += each.busy / static_cast<double>(groups.size());
  setup_->observer.on_progress(out);
}

} // namespace syngrad
