#include "actors/coordinator_actor.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

namespace syngrad {

coordinator_actor::coordinator_actor(caf::actor_config& config, actor_place place)
  : observed_actor(config, place, "coordinator", actor_role::coordinator) {}

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
  });
}

void coordinator_actor::on_exit() {
  setup_.reset();
  observed_actor::on_exit();
}

void coordinator_actor::handle_begin(begin& first) {
  setup_ = first.setup;
  summary_.test = summary_.validation = last_metrics_ = setup_->trained_for->unmeasured();
  for (const auto& each : setup_->local) monitor(each);
  began_ns_ = segment_ns_ = last_done_ns_ = steady_now_ns();
  send(setup_->source, train{context_for(no_batch), setup_->steps});
  if (setup_->observer.on_progress) send(this, progress_tick{});
}

// ---- training

void coordinator_actor::handle_batch_done(batch_done& finished) {
  if (stage_ == stage::ended) return;
  beat();
  ++done_;
  note_progress(finished);
  send_more_or_stop();
}

void coordinator_actor::handle_batch_alone(batch_alone&) {
  if (stage_ == stage::ended) return;
  beat();
  ++alone_;
  send(setup_->source, batch_alone{context_for(no_batch)});
  send_more_or_stop();
}

void coordinator_actor::handle_all_sent(all_sent& so_far) {
  all_sent_ = so_far.steps;
  send_more_or_stop();
}

void coordinator_actor::send_more_or_stop() {
  if (summary_.end != run_end::finished) return; // it has been told to stop
  if (!all_sent_ || done_ + alone_ < *all_sent_) return;
  const auto sent = *std::exchange(all_sent_, std::nullopt);
  if (done_ < setup_->steps)
    send(setup_->source, train{context_for(no_batch), sent + setup_->steps - done_});
  else
    send(setup_->source, stop_training{context_for(no_batch)});
}

void coordinator_actor::note_progress(const batch_done& finished) {
  last_done_ns_ = steady_now_ns();
  if (std::isfinite(finished.loss)) {
    recent_loss_ = done_ == 1 ? finished.loss : recent_loss_ + 0.05 * (finished.loss - recent_loss_);
    interval_loss_ += finished.loss;
    ++interval_batches_;
  }
  summary_.steps = done_;
  if (done_ == warm_after)
    for (auto* each : setup_->devices) {
      each->memory().add_headroom();
      if (!each->host_reads_memory()) each->host_visible_memory().add_headroom();
    }
  if (!evaluations_.empty()) return; // what an evaluation allocates, the first time, is not the training's
  const auto allocated = allocations();
  if (done_ <= warm_after) warm_allocations_ = allocated;
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

void coordinator_actor::count_training_time() {
  if (last_done_ns_ > segment_ns_) trained_ns_ += last_done_ns_ - segment_ns_;
  segment_ns_ = last_done_ns_ = steady_now_ns();
}

double coordinator_actor::rate() const {
  const auto running =
    trained_ns_ + (!evaluations_.empty() ? 0 : std::max<std::int64_t>(0, last_done_ns_ - segment_ns_));
  return running > 0 ? static_cast<double>(done_) / seconds(running) : 0;
}

void coordinator_actor::handle_training_ended(training_ended&) {
  if (stage_ == stage::training) stage_ = stage::flushing;
}

void coordinator_actor::handle_flushed(flushed&) {
  if (stage_ == stage::ended) return;
  beat();
  if (++groups_flushed_ < setup_->groups.size()) return;
  count_training_time();
  if (summary_.end == run_end::failed) {
    ask_for_reports({gathering::purpose::summary, {}, {}}, report_span::run);
    return;
  }
  if (setup_->has_validation) final_evaluations_.push_back(false);
  final_evaluations_.push_back(true);
  next_final_evaluation();
}

// ---- ends

void coordinator_actor::handle_failure(failure& what) {
  if (stage_ == stage::ended) return;
  if (!what.skipped) {
    abort(what.what);
    return;
  }
  if (skipped_.empty()) first_skipped_ = what.what;
  skipped_.insert(what.batch);
  summary_.nonfinite_skipped = static_cast<std::int64_t>(skipped_.size());
  if (setup_->skip_nonfinite || summary_.end == run_end::failed) return;
  summary_.end = run_end::failed;
  summary_.failure = what.what;
  send(setup_->source, stop_training{context_for(no_batch)});
}

std::int64_t coordinator_actor::skipped_at_the_end() const {
  auto batch = static_cast<std::uint64_t>(done_ + alone_);
  std::int64_t count = 0;
  for (auto each = skipped_.rbegin(); each != skipped_.rend() && *each + 1 == batch; ++each, --batch) ++count;
  return count;
}

// A run that has learnt nothing, or nothing any more, has not done what it was asked for.
void coordinator_actor::judge_skipped() {
  const auto count = skipped_at_the_end();
  const bool all = count > 0 && count == done_ + alone_;
  if (summary_.end != run_end::finished || (!all && count < diverged_after)) return;
  summary_.end = run_end::failed;
  summary_.failure =
    all ? "every batch was skipped" : "the last " + std::to_string(count) + " batches were all skipped";
  summary_.failure += ", as their numbers are NaN or infinite; the first time: " + first_skipped_;
}

void coordinator_actor::handle_interrupt(interrupt_run&) {
  if (!setup_ || stage_ == stage::ended) return;
  if (++interrupts_ > 1) {
    summary_.end = run_end::interrupted;
    count_training_time();
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
  count_training_time();
  end();
}

void coordinator_actor::end() {
  stage_ = stage::ended;
  summary_.wall_s = seconds(steady_now_ns() - began_ns_);
  summary_.steps_per_s = trained_ns_ > 0 ? static_cast<double>(done_) / seconds(trained_ns_) : 0;
  summary_.samples_per_s = summary_.steps_per_s * static_cast<double>(setup_->batch_size);
  summary_.final_loss = done_ ? recent_loss_ : not_measured;
  for (auto* each : setup_->devices) summary_.device_bytes += each->memory().counters().bytes;
  const auto stop = [this](const caf::actor& each) { send_exit(each, caf::exit_reason::user_shutdown); };
  for (const auto& each : setup_->groups) stop(each);
  for (const auto& each : setup_->local) stop(each);
  setup_->state->outcome.set_value(summary_);
  quit();
}

std::string coordinator_actor::describe() {
  static constexpr const char* names[] = {"training", "flushing", "evaluating", "reporting", "ended"};
  return std::string(names[static_cast<int>(stage_)]) + ", " + std::to_string(done_) + " batches done, " +
         std::to_string(groups_flushed_) + " groups flushed, mailbox " + std::to_string(mailbox().size()) +
         (evaluations_.empty()
            ? ""
            : ", " + std::to_string(evaluations_.begin()->second.samples_left) + " samples of an evaluation to come");
}

} // namespace syngrad
