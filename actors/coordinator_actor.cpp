#include "actors/coordinator_actor.hpp"

#include "actors/interface_watch.hpp"
#include "models/state_archive.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fmt/core.h>
#include <utility>

namespace syngrad {

coordinator_actor::coordinator_actor(caf::actor_config& config, actor_context context)
  : observed_actor(config, context, "coordinator", actor_role::coordinator) {}

caf::behavior coordinator_actor::make_behavior() {
  set_down_handler([this](caf::down_msg& down) { handle_down(down); });
  return with_describe({
    on(&coordinator_actor::handle_begin),
    on(&coordinator_actor::handle_batch_done),
    on(&coordinator_actor::handle_batch_alone),
    on(&coordinator_actor::handle_all_sent),
    on(&coordinator_actor::handle_evaluation_begun),
    on(&coordinator_actor::handle_evaluated),
    on(&coordinator_actor::handle_evaluation_missed),
    on(&coordinator_actor::handle_training_ended),
    on(&coordinator_actor::handle_flushed),
    on(&coordinator_actor::handle_report),
    on(&coordinator_actor::handle_failure),
    on(&coordinator_actor::handle_interrupt),
    on(&coordinator_actor::handle_tick),
    on(&coordinator_actor::handle_take_checkpoint),
    on(&coordinator_actor::handle_checkpoint_begun),
    on(&coordinator_actor::handle_checkpoint_passed),
    on(&coordinator_actor::handle_part_saved),
    on(&coordinator_actor::handle_part_not_saved),
  });
}

void coordinator_actor::on_exit() {
  setup_.reset();
  observed_actor::on_exit();
}

void coordinator_actor::handle_begin(begin& first) {
  setup_ = first.setup;
  summary_.unit = setup_->unit;
  summary_.test = summary_.validation = last_metrics_ = setup_->trained_for->unmeasured();
  for (const auto& each : setup_->local) monitor(each);
  checkpoint_.emplace(setup_->saved_parts);
  go_on_from_saved();
  progress_.begin(steady_now_ns());
  if (setup_->saves_at_once) send(setup_->source, take_checkpoint{context_for(no_batch)});
  send(setup_->source, train{context_for(no_batch), setup_->steps});
  if (setup_->observer.on_progress) send(this, progress_tick{});
}

// ---- checkpoints

void keep_counters(state_archive& of, training_progress& progress, training_summary& summary,
                   std::int64_t& data_wait_ns, std::int64_t& evaluated) {
  of.within("progress.", [&] { progress.keep(of, steady_now_ns()); });
  of.word("steps", summary.steps);
  of.word("nonfinite_skipped", summary.nonfinite_skipped);
  of.word("data_wait_ns", data_wait_ns);
  of.word("evaluated", evaluated);
}

// What was checked when the run was prepared.
void coordinator_actor::go_on_from_saved() {
  const auto saved = std::exchange(setup_->saved, nullptr);
  if (!saved) return;
  const saved_part part{"the run", {}, saved->words};
  auto archive = state_archive::loading(part);
  keep_counters(archive, progress_, summary_, data_wait_ns_, evaluated_);
  warm_at_ += progress_.done();
}

void coordinator_actor::handle_take_checkpoint(take_checkpoint&) {
  if (!setup_ || stage_ == stage::ended) return;
  if (stage_ != stage::training) {
    if (setup_->observer.on_checkpoint_failed)
      setup_->observer.on_checkpoint_failed("no checkpoint is taken any more: the last batch has been sent");
    return;
  }
  send(setup_->source, take_checkpoint{context_for(no_batch)});
}

void coordinator_actor::handle_checkpoint_begun(checkpoint_begun& begun) {
  if (stage_ == stage::ended) return;
  saves_step_ = begun.step;
  checkpoint_->begin(begun.step);
}

// From the top group, behind the last batch that went before the mark.
void coordinator_actor::handle_checkpoint_passed(checkpoint_passed& passed) {
  if (stage_ == stage::ended || !checkpoint_->is_of(passed.step)) return;
  beat();
  saved_part part;
  auto archive = state_archive::saving(part);
  keep_counters(archive, progress_, summary_, data_wait_ns_, evaluated_);
  archive.word("signature", setup_->signature);
  checkpoint_->add_words(std::move(part.words));
  complete_checkpoint();
}

void coordinator_actor::handle_part_saved(part_saved& arrived) {
  if (stage_ == stage::ended || !checkpoint_->is_of(arrived.step)) return;
  beat();
  checkpoint_->add(std::move(*arrived.part));
  complete_checkpoint();
}

void coordinator_actor::handle_part_not_saved(part_not_saved& failed) {
  if (stage_ == stage::ended) return;
  if (failed.step < 0 && setup_->observer.on_checkpoint_failed) setup_->observer.on_checkpoint_failed(failed.why);
  if (!checkpoint_->is_of(failed.step)) return;
  drop_checkpoint(failed.step, failed.why);
  send(setup_->source, checkpoint_over{context_for(no_batch)});
}

void coordinator_actor::complete_checkpoint() {
  auto complete = checkpoint_->complete();
  if (!complete) return;
  saves_step_.reset();
  if (setup_->observer.on_checkpoint) setup_->observer.on_checkpoint(std::move(complete));
  if (progress_.done() > warm_at_) warm_allocations_ = allocations() - summary_.allocations_while_warm;
  send(setup_->source, checkpoint_over{context_for(no_batch)});
}

void coordinator_actor::drop_checkpoint(std::int64_t step, const std::string& why) {
  checkpoint_->give_up();
  saves_step_.reset();
  if (setup_->observer.on_checkpoint_failed)
    setup_->observer.on_checkpoint_failed(fmt::format("the checkpoint at step {} is dropped: {}", step, why));
}

// ---- training

void coordinator_actor::handle_batch_done(batch_done& finished) {
  if (stage_ == stage::ended) return;
  beat();
  note_progress(finished);
  stop_when_time_is_over();
  send_more_or_stop();
}

void coordinator_actor::handle_batch_alone(batch_alone&) {
  if (stage_ == stage::ended) return;
  beat();
  progress_.batch_alone();
  send(setup_->source, batch_alone{context_for(no_batch)});
  send_more_or_stop();
}

void coordinator_actor::handle_all_sent(all_sent& so_far) {
  all_sent_ = so_far.steps;
  send_more_or_stop();
}

void coordinator_actor::send_more_or_stop() {
  if (summary_.end != run_end::finished) return; // it has been told to stop
  if (!all_sent_ || progress_.all() < *all_sent_) return;
  const auto sent = *std::exchange(all_sent_, std::nullopt);
  if (progress_.done() < setup_->steps)
    send(setup_->source, train{context_for(no_batch), sent + setup_->steps - progress_.done()});
  else
    send(setup_->source, stop_training{context_for(no_batch)});
}

void coordinator_actor::stop_when_time_is_over() {
  if (!setup_->time_limit_s || summary_.end != run_end::finished || stage_ != stage::training) return;
  if (progress_.trained_s() < *setup_->time_limit_s) return;
  summary_.end = run_end::time_over;
  send(setup_->source, stop_training{context_for(no_batch)});
}

void coordinator_actor::note_progress(const batch_done& finished) {
  progress_.batch_done(finished.loss, steady_now_ns());
  summary_.steps = progress_.done();
  if (progress_.done() == warm_at_)
    for (auto* each : setup_->devices) {
      each->memory().add_headroom();
      if (!each->host_reads_memory()) each->host_visible_memory().add_headroom();
    }
  // What an evaluation or a checkpoint allocates, the first time, is not the training's.
  if (!evaluations_.empty() || saves_step_) return;
  const auto allocated = allocations();
  if (progress_.done() <= warm_at_) warm_allocations_ = allocated;
  summary_.allocations_while_warm = allocated - warm_allocations_;
}

std::uint64_t coordinator_actor::allocations() const {
  std::uint64_t all = 0;
  for (auto* each : setup_->devices) {
    all += each->memory().counters().allocations;
    if (!each->host_reads_memory()) all += each->host_visible_memory().counters().allocations;
  }
  return all;
}

void coordinator_actor::handle_training_ended(training_ended& ended) {
  data_wait_ns_ = ended.data_wait_ns;
  if (stage_ == stage::training) stage_ = stage::flushing;
}

void coordinator_actor::handle_flushed(flushed&) {
  if (stage_ == stage::ended) return;
  beat();
  if (++groups_flushed_ < setup_->groups.size()) return;
  progress_.rest(steady_now_ns());
  if (summary_.end == run_end::failed) {
    ask_for_reports({gathering::purpose::summary, {}, {}}, report_span::run);
    return;
  }
  if (setup_->has_validation) final_evaluations_.push_back(false);
  final_evaluations_.push_back(true);
  next_final_evaluation();
}

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
  if (is_first && !running.final) progress_.rest(steady_now_ns()); // its samples follow the last batch
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
  if (left_out.samples_left < left_out.samples) progress_.resume(steady_now_ns());
  if (!std::exchange(told_of_missed_, true) && setup_->observer.on_notice)
    setup_->observer.on_notice(fmt::format(
      "the evaluation at step {} is left out: the network is away, and training goes on below the gap", left_out.step));
  send(setup_->source, evaluation_missed{context_for(no_batch), left_out.number});
}

void coordinator_actor::finish_evaluation(const running_evaluation& finished) {
  told_of_missed_ = false;
  evaluation_report out;
  out.step = finished.step;
  out.wall_s = progress_.wall_s(steady_now_ns());
  out.trained_s = progress_.trained_s();
  out.train_loss = progress_.interval_loss();
  out.loss = finished.totals.mean_loss();
  out.metrics = setup_->trained_for->values_of(finished.totals);
  out.samples_per_s = progress_.steps_per_s(!evaluations_.empty()) * static_cast<double>(setup_->batch_size);
  out.unit = setup_->unit;
  out.on_validation = !finished.on_test_set;
  last_metrics_ = out.metrics;
  if (progress_.done() > warm_at_) warm_allocations_ = allocations() - summary_.allocations_while_warm;
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
                                static_cast<std::uint64_t>(progress_.all()) * 2 + (on_test_set ? 1 : 0), on_test_set});
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

void coordinator_actor::warn_of_faults(const std::vector<group_report>& groups) {
  for (const auto& each : groups) {
    const auto line = describe_fault(each);
    const auto& told = summary_.warnings;
    if (!line.empty() && std::find(told.begin(), told.end(), line) == told.end()) warn(line);
  }
}

void coordinator_actor::warn(const std::string& line) {
  summary_.warnings.push_back(line);
  if (setup_->observer.on_notice) setup_->observer.on_notice("warning: " + line);
}

void coordinator_actor::reports_complete(gathering complete) {
  warn_of_faults(complete.reports);
  switch (complete.use) {
  case gathering::purpose::progress:
    progress_pending_ = false;
    show_progress(complete.reports);
    return;
  case gathering::purpose::summary:
    summary_.groups = std::move(complete.reports);
    judge_skipped();
    judge_data();
    end();
    return;
  case gathering::purpose::evaluation:
    break;
  }
  complete.evaluation.groups = std::move(complete.reports);
  if (setup_->observer.on_evaluation) setup_->observer.on_evaluation(complete.evaluation);
  evaluated_ = complete.evaluation.step;
  progress_.end_interval();
  if (complete.final) {
    next_final_evaluation();
    return;
  }
  progress_.resume(steady_now_ns());
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
  out.step = progress_.done();
  out.steps = setup_->steps;
  out.loss = progress_.recent_loss();
  const auto steps_per_s = progress_.steps_per_s(!evaluations_.empty());
  out.samples_per_s = steps_per_s * static_cast<double>(setup_->batch_size);
  out.unit = setup_->unit;
  out.eta_s = steps_per_s > 0 ? static_cast<double>(setup_->steps - progress_.done()) / steps_per_s : not_measured;
  out.metrics = last_metrics_;
  for (const auto& each : groups) out.busy += each.busy / static_cast<double>(groups.size());
  setup_->observer.on_progress(out);
}

// ---- ends

void coordinator_actor::handle_failure(failure& what) {
  if (stage_ == stage::ended) return;
  if (!what.skipped) {
    abort(what.what);
    return;
  }
  progress_.batch_skipped(what.batch, what.what);
  summary_.nonfinite_skipped = progress_.skipped();
  if (setup_->skip_nonfinite || summary_.end == run_end::failed) return;
  summary_.end = run_end::failed;
  summary_.failure = what.what;
  send(setup_->source, stop_training{context_for(no_batch)});
}

// A run that has learnt nothing, or nothing any more, has not done what it was asked for.
void coordinator_actor::judge_skipped() {
  const auto count = progress_.skipped_at_the_end();
  const bool all = count > 0 && count == progress_.all();
  const bool as_asked = summary_.end == run_end::finished || summary_.end == run_end::time_over;
  if (!as_asked || (!all && count < diverged_after)) return;
  summary_.end = run_end::failed;
  summary_.failure =
    all ? "every batch was skipped" : "the last " + std::to_string(count) + " batches were all skipped";
  summary_.failure += ", as their numbers are NaN or infinite; the first time: " + progress_.first_skipped();
}

void coordinator_actor::judge_data() {
  const auto trained_ns = progress_.trained_ns();
  summary_.data_wait_s = static_cast<double>(data_wait_ns_) * 1e-9;
  if (trained_ns > 0)
    summary_.data_wait_share = std::min(1.0, static_cast<double>(data_wait_ns_) / static_cast<double>(trained_ns));
  if (summary_.data_wait_share < data_is_slow) return;
  warn(fmt::format("the training waited {:.0f} % of its time for batches of '{}' to be read and prepared: {}",
                   100 * summary_.data_wait_share, setup_->data, setup_->faster_data));
}

void coordinator_actor::handle_interrupt(interrupt_run&) {
  if (!setup_ || stage_ == stage::ended) return;
  if (++interrupts_ > 1) {
    summary_.end = run_end::interrupted;
    progress_.rest(steady_now_ns());
    end();
    return;
  }
  if (stage_ != stage::training) return;
  if (summary_.end == run_end::finished) summary_.end = run_end::interrupted;
  send(setup_->source, stop_training{context_for(no_batch)});
}

void coordinator_actor::handle_down(const caf::down_msg& down) {
  if (stage_ == stage::ended) return;
  abort("an actor ended before the run did: " + caf::to_string(down.reason));
}

void coordinator_actor::report_failure(const std::string& what) {
  if (setup_ && stage_ != stage::ended) abort(title() + ": " + what);
}

void coordinator_actor::abort(const std::string& why) {
  if (summary_.failure.empty()) summary_.failure = why;
  summary_.end = run_end::failed;
  progress_.rest(steady_now_ns());
  end();
}

void coordinator_actor::end() {
  if (saves_step_) drop_checkpoint(*saves_step_, "the run has ended");
  stage_ = stage::ended;
  summary_.wall_s = progress_.wall_s(steady_now_ns());
  summary_.trained_s = progress_.trained_s();
  summary_.steps_per_s = progress_.steps_per_s(true);
  summary_.samples_per_s = summary_.steps_per_s * static_cast<double>(setup_->batch_size);
  summary_.final_loss = progress_.recent_loss();
  for (auto* each : setup_->devices) {
    const auto memory = each->memory().counters();
    summary_.device_bytes += memory.bytes;
    summary_.most_bytes_in_use += memory.most_bytes_in_use;
  }
  const auto stop = [this](const caf::actor& each) { send_exit(each, caf::exit_reason::user_shutdown); };
  for (const auto& each : setup_->groups) stop(each);
  for (const auto& each : setup_->local) stop(each);
  setup_->state->outcome.set_value(summary_);
  quit();
}

std::string coordinator_actor::describe() {
  static constexpr const char* names[] = {"training", "flushing", "evaluating", "reporting", "ended"};
  return fmt::format("{}, {} batches done, {} groups flushed, mailbox {}{}",
                     std::string(names[static_cast<int>(stage_)]), progress_.done(), groups_flushed_, mailbox().size(),
                     evaluations_.empty() ? ""
                                          : ", " + std::to_string(evaluations_.begin()->second.samples_left) +
                                              " samples of an evaluation to come");
}

} // namespace syngrad
