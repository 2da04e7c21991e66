// Of conducted_run: what happens while a step lasts, and what may end the run before its time.
#include "actors/distributed/conducted_run.hpp"
#include "actors/distributed/process_part.hpp"
#include "actors/hang_watch.hpp"

#include <cstdio>
#include <fmt/core.h>
#include <utility>

namespace syngrad {

namespace {

constexpr std::chrono::seconds answer_patience{2};  // of nodes that are asked what they wait for
constexpr double weights_patience_s = 60;           // of silence, where they are asked for while training
constexpr std::chrono::seconds summary_patience{5}; // of the coordinator actor; one that hangs has none

} // namespace

void conducted_run::wait_while(const std::function<bool()>& going_on) {
  while (!summary_ && going_on()) {
    take(setup_.inbox->next(std::chrono::milliseconds(200)));
    if (begun_ && !summary_ && outcome_.wait_for(std::chrono::seconds(0)) == std::future_status::ready)
      summary_ = outcome_.get();
    check_links();
    end_at_a_gap();
    check_progress();
    check_weights();
  }
}

void conducted_run::take(const run_event& event) {
  if (const auto* said = std::get_if<node_said>(&event)) take(*said);
  if (const auto* dead = std::get_if<peer_dead>(&event)) take(*dead);
  if (const auto* ended = std::get_if<actor_ended>(&event)) take(*ended);
  if (const auto* wanted = std::get_if<weights_wanted>(&event)) take(*wanted);
  if (std::holds_alternative<interrupt_run>(event)) interrupt();
  if (const auto* down = std::get_if<peer_down>(&event)) {
    nodes_.note(*down);
    notice("lost the connection to " + nodes_.title(down->node) + " (" + down->why + "); waiting for it to come back");
  }
  if (const auto* up = std::get_if<peer_up>(&event)) {
    nodes_.note(*up);
    if (up->session > 1) notice(nodes_.title(up->node) + " is back");
  }
}

void conducted_run::take(const node_said& said) {
  auto* from = nodes_.find(said.node);
  if (!from || from->lost()) return;
  const auto unreadable = [&](const std::string& why) { fail("node " + from->name() + " sent " + why); };
  const auto with = [&](auto message, auto action) {
    if (message)
      action(*message);
    else
      unreadable(message.message());
  };
  switch (static_cast<control_type>(said.message.type)) {
  case control_type::built:
    with(decode<built>(said.message), [&](const built& answer) { take_built(*from, answer); });
    break;
  case control_type::ready:
    from->reaches(standing::ready);
    break;
  case control_type::waits_told:
    with(decode<waits_told>(said.message), [&](const waits_told& answer) {
      if (inquiry_) inquiry_->take(said.node, answer);
    });
    break;
  case control_type::trouble:
    with(decode<trouble>(said.message), [&](const trouble& what) { take(what); });
    break;
  case control_type::introduction: // said before the run
    break;
  case control_type::weights_part:
    with(decode<weights_part>(said.message), [&](const weights_part& part) {
      if (part.number == 0) return unreadable("its results before the end of the run");
      if (weights_asked_) weights_asked_->take(said.node, part);
    });
    break;
  case control_type::weights_told:
    with(decode<weights_told>(said.message), [&](const weights_told& last) {
      if (weights_asked_) weights_asked_->take(said.node, last);
    });
    break;
  case control_type::trace_part:
  case control_type::done:
    unreadable("its results before the end of the run");
    break;
  case control_type::run_order:
  case control_type::open_links:
  case control_type::finish:
  case control_type::dismiss:
  case control_type::tell_waits:
  case control_type::tell_weights:
    unreadable("an order, which only the coordinator gives");
    break;
  }
}

void conducted_run::take_built(member& from, const built& answer) {
  const auto& name = from.name();
  if (answer.failure) {
    fail("node " + name + " cannot build its groups: " + answer.failure->message);
    return;
  }
  for (const auto& each : answer.groups) {
    if (each.group < setup_.hashes.size() && setup_.hashes[each.group] == each.hash) continue;
    char numbers[64];
    std::snprintf(numbers, sizeof numbers, "%016llx and %016llx",
                  static_cast<unsigned long long>(each.group < setup_.hashes.size() ? setup_.hashes[each.group] : 0),
                  static_cast<unsigned long long>(each.hash));
    fail(fmt::format(
      "group {} is not the same on the coordinator and on node {} (hashes {}): run the same build of syngrad on both",
      each.group, name, numbers));
    return;
  }
  from.reaches(standing::built);
}

void conducted_run::take(const peer_dead& dead) {
  auto* found = nodes_.find(dead.node);
  if (!found) return;
  found->reaches(standing::lost);
  if (weights_asked_) weights_asked_->take_loss(dead.node, dead.why);
  fail(describe_loss("node " + found->name(), dead, setup_.order.groups));
}

// A link that ends because its peer is dead says less than the peer: give that a moment.
void conducted_run::take(const actor_ended& ended) {
  if (ended.why.empty() || broken_ || summary_) return;
  for (const auto& end : links_.ends)
    if (end.actor.address() == ended.who)
      broken_ = broken_link{end.route.title() + " ended: " + ended.why, clock::now()};
}

void conducted_run::check_links() {
  if (broken_ && !summary_ && clock::now() - broken_->since > std::chrono::seconds(1)) fail(broken_->why);
}

void conducted_run::fail(const std::string& why) {
  if (summary_) return;
  if (!begun_) return end_with(run_end::failed, why);
  // The actor has the numbers so far.
  caf::anon_send(actors_.coordinator, failure{{}, why, 0, false});
  if (outcome_.wait_for(summary_patience) == std::future_status::ready)
    summary_ = outcome_.get();
  else
    end_with(run_end::failed, why);
}

void conducted_run::end_with(run_end end, const std::string& why) {
  summary_.emplace();
  summary_->end = end;
  summary_->failure = why;
  summary_->final_loss = not_measured;
}

// A signal for all processes of a run may be heard of from a node first: it is one request, however often it is told.
void conducted_run::take(const trouble& what) {
  const auto& why = what.why;
  if (why.kind != error_kind::interrupted) return fail(why.message);
  if (!told_to_end_ && !summary_) {
    notice(why.message + ": the run ends after the batches in flight");
    if (setup_.on_told_to_end) setup_.on_told_to_end();
  }
  end_in_order(why.message);
}

void conducted_run::interrupt() {
  if (++interrupts_ == 1) return end_in_order("interrupted");
  if (begun_ && !summary_) caf::anon_send(actors_.coordinator, interrupt_run{}); // gives up the batches in flight
}

void conducted_run::end_in_order(const std::string& why) {
  if (std::exchange(told_to_end_, true) || summary_) return;
  if (begun_)
    caf::anon_send(actors_.coordinator, interrupt_run{});
  else
    end_with(run_end::interrupted, why + " before the training began");
}

// An interrupted run waits for no network: what is in flight beyond a gap, and the evaluation, may take until
// --reconnect-for. A gap between two nodes shows in that nothing goes on.
void conducted_run::end_at_a_gap() {
  if (!told_to_end_ || summary_ || !begun_ || gap_ends_it_) return;
  const auto beat = actors_.state->heartbeat.load();
  const auto now = clock::now();
  if (!ending_since_ || beat != ending_beat_) {
    ending_since_ = now;
    ending_beat_ = beat;
  }
  const bool stands_still = now - *ending_since_ > std::chrono::duration<double>(setup_.order.peer_timeout_s);
  if (!nodes_.any_away() && !stands_still) return;
  gap_ends_it_ = true;
  notice(nodes_.any_away() ? "interrupted while the network is away: what is in flight is dropped"
                           : "interrupted, and nothing goes on: what is in flight is dropped");
  caf::anon_send(actors_.coordinator, interrupt_run{}); // the second one: the coordinator actor waits for nothing
}

// ---- weights while training

void conducted_run::take(const weights_wanted& wanted) {
  const auto refuse = [&](const char* why) { wanted.answer->set_value(error::busy(why)); };
  if (!begun_) return refuse("the training has not begun");
  if (summary_) return refuse("the training has ended, and its weights come now");
  if (weights_asked_) return refuse("the nodes are asked for them already");
  wish_ = wanted;
  weights_asked_.emplace(
    weights_inquiry::setup{&nodes_, setup_.host, setup_.order.groups, setup_.weight_bytes, weights_patience_s},
    ++weights_inquiries_, clock::now());
  check_weights();
}

void conducted_run::check_weights() {
  if (!weights_asked_) return;
  weights_asked_->look_for_silence(clock::now());
  if (!weights_asked_->over() && !summary_) return;
  auto weights =
    weights_asked_->over()
      ? weights_asked_->weights()
      : result<std::vector<layer_group::named_tensor>>(error::busy("the training has ended, and its weights come now"));
  weights_asked_.reset();
  if (weights) told_ = *weights;
  wish_.answer->set_value(std::move(weights));
}

void conducted_run::check_progress() {
  if (!begun_ || summary_ || setup_.hang_after_s <= 0) return;
  if (actors_.state->awaits_no_beat(steady_now_ns())) actors_.state->heartbeat.fetch_add(1);
  watch_.look(steady_seconds(), computed_so_far(), actors_.state->heartbeat.load());
  if (!watch_.hung()) return;
  const auto line = no_progress_line(watch_.limit());
  const auto found = report_waits(line + "; who waits for whom:");
  if (summary_) return;
  if (found == waiting::over) return notice("the run goes on");
  if (found == waiting::slow) {
    watch_.found_slow();
    if (!watch_.hung()) return notice("a step takes long, and is under way: the run goes on");
  }
  end_with(run_end::hung, line + " (--hang-after)");
  summary_->steps = static_cast<std::int64_t>(watch_.beat());
}

// Over: there was progress, or the end of the run, before all answers were there. Slow: a process that was asked
// computes, or waits for what is on the way over an emulated link.
conducted_run::waiting conducted_run::report_waits(const std::string& headline) {
  inquiry_.emplace(nodes_, ++inquiries_);
  const auto began = clock::now();
  std::vector<caf::actor> peers;
  for (const auto& [number, each] : nodes_) peers.push_back(each.seat.peer);
  const auto here = waits_of_process(actors_.all, peers);
  while (!inquiry_->complete() && clock::now() < began + answer_patience)
    take(setup_.inbox->next(std::chrono::milliseconds(100)));
  const auto there = inquiry_->sections(std::chrono::duration<double>(clock::now() - began).count());
  const auto slow = inquiry_->slow_node();
  const bool goes_on = actors_.state->heartbeat.load() != watch_.beat() ||
                       outcome_.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
  inquiry_.reset();
  notice(headline);
  notice("  on the coordinator:");
  for (const auto& line : here) notice("    " + line);
  for (const auto& line : there) notice("  " + line);
  if (goes_on) return waiting::over;
  if (slow.empty()) return waiting::hung;
  notice("  " + slow + " is slow, not hung: it computes, or something is on the way there over a --link");
  return waiting::slow;
}

} // namespace syngrad
