#include "actors/group_actor.hpp"

#include <fmt/core.h>
#include <stdexcept>
#include <utility>

namespace syngrad {

group_actor::group_actor(caf::actor_config& config, actor_context context, group_setup setup)
  : crossing_actor(config, context, "group " + std::to_string(setup.index), actor_role::group, setup.index,
                   *setup.copies),
    actor_id_(actor_id(context.process(), context.number)), parts_(std::move(setup), *this) {}

group_actor::~group_actor() = default;

caf::behavior group_actor::make_behavior() {
  return with_describe({
    on(&group_actor::handle_connect),
    on(&group_actor::handle_activation),
    on(&group_actor::handle_flush_mark),
    on(&group_actor::handle_checkpoint_mark),
    on(&group_actor::handle_checkpoint_return),
    on(&group_actor::handle_gradient),
    on(&group_actor::handle_audit_gradient),
    on(&group_actor::handle_gradients_wanted),
    on(&group_actor::handle_synthetic_gradient),
    on(&group_actor::handle_targets_dropped),
    on(&group_actor::handle_credit),
    on(&group_actor::handle_work_done),
    on(&group_actor::handle_evaluation_done),
    on(&group_actor::handle_departure),
    on(&group_actor::handle_report_request),
    on(&group_actor::handle_neighbour_away),
    on(&group_actor::handle_neighbour_back),
  });
}

void group_actor::on_exit() {
  away_.clear();
  below_.who = above_.who = predictor_ = nullptr;
  crossing_actor::on_exit();
}

caf::invoke_message_result group_actor::consume(caf::mailbox_element& element) {
  struct handling {
    explicit handling(handler_gate& gate) : gate_(gate) { gate_.enter(); }
    ~handling() { gate_.leave(); }
    handler_gate& gate_;
  };
  const handling now(*parts_.setup.gate);
  return crossing_actor::consume(element);
}

// ---- messages

void group_actor::handle_connect(connect& neighbours) {
  below_ = {neighbours.below, parts_.setup.host_below};
  above_ = {neighbours.above, parts_.setup.host_above};
  predictor_ = neighbours.predictor;
  parts_.predictor.connect(predictor_ != nullptr);
  report_failures_to(neighbours.coordinator);
  turn_.begin();
  if (const auto loaded = turn_.go_on_from_saved(); !loaded) throw std::runtime_error(loaded.message());
}

void group_actor::handle_activation(activation& arrived) {
  auto here = arrived;
  here.values = brought_here(arrived.values);
  here.targets = brought_here(arrived.targets);
  here.following = brought_here(arrived.following);
  turn_.arrived(std::move(here));
}

void group_actor::handle_gradient(gradient& arrived) {
  const gradient here{arrived.context, arrived.kind, brought_here(arrived.values), brought_here(arrived.chosen)};
  turn_.checkpoint().arrived(here);
  if (!gradients_.arrived(here, turn_.hands_over_at_once())) {
    const auto batch = arrived.context.batch;
    const auto what = fmt::format("{}: an unexpected gradient for batch {}", title(), batch);
    send(coordinator(), failure{crossing_actor::context_for(no_batch), what, batch, false});
    return;
  }
  turn_.advance();
}

void group_actor::handle_audit_gradient(audit_gradient& arrived) {
  const audit_gradient here{arrived.context, brought_here(arrived.values)};
  turn_.checkpoint().arrived(here);
  gradients_.arrived(here);
  turn_.advance();
}

void group_actor::handle_credit(credit& granted) {
  parts_.above.grant(granted.batches);
  turn_.advance();
}

void group_actor::handle_work_done(work_done& passed) {
  parts_.work().raise_failure();
  turn_.passed(passed);
}

void group_actor::handle_evaluation_done(evaluation_done& passed) {
  parts_.work().raise_failure();
  turn_.passed(passed);
}

void group_actor::handle_neighbour_away(neighbour_away&) {
  away_.push_back(current_sender());
  if (current_sender_is_above()) parts_.above.opens_gap();
  turn_.advance(); // a batch that waits for a credit goes on at once
}

void group_actor::handle_neighbour_back(neighbour_back&) {
  std::erase(away_, current_sender());
  if (current_sender_is_above()) parts_.above.closes_gap();
}

void group_actor::handle_report_request(report_request& request) {
  const auto now = steady_now_ns();
  const auto& setup = parts_.setup;
  group_report out;
  out.group = setup.index;
  out.layers = setup.units;
  out.busy = times().busy_share(now);
  out.starved = times().waiting_share(waiting_reason::input, now);
  out.blocked = times().waiting_share(waiting_reason::credit, now);
  parts_.account.tell(out, request.span == report_span::since_last_interval);
  out.predictor_parameters = setup.predictor_parameters;
  out.weight_bytes = setup.layers->weight_bytes();
  out.gradient_bytes = setup.layers->gradient_bytes();
  out.moment_bytes = setup.layer_bytes - out.weight_bytes - out.gradient_bytes;
  out.predictor_bytes = setup.predictor_bytes;
  out.cache_bytes = parts_.kept.most_bytes();
  out.most_in_flight = parts_.kept.most_batches();
  out.dropped_targets = parts_.predictor.dropped_targets();
  if (setup.from_below) out.bytes_from_below = static_cast<std::int64_t>(setup.from_below->training_bytes.load());
  if (setup.from_above) {
    out.bytes_from_above = static_cast<std::int64_t>(setup.from_above->training_bytes.load());
    out.bytes_saved = static_cast<std::int64_t>(bytes_saved(*setup.from_above));
    if (const auto factored = setup.from_above->factored.load(); factored > 0) {
      out.gradient_rank = static_cast<double>(setup.from_above->factor_ranks.load()) / static_cast<double>(factored);
      out.gradient_error = error_of_gradients(*setup.from_above);
    }
  }
  out.alone = parts_.above.ended_at_gaps();
  send(coordinator(), report{crossing_actor::context_for(no_batch), request.number, out});
}

std::string group_actor::describe() {
  return fmt::format("{}{}; inbox {}, mailbox {}, {}", turn_.describe(),
                     away_.empty() ? "" : "; a neighbour is not to be reached: the network is away", turn_.inbox_size(),
                     mailbox().size(), turn_.describe_contents());
}

// ---- group_outlet

update_origin group_actor::origin_of(const batch_record& record, std::int64_t version) const {
  return {handled_message(), record.cause, record.batch, version, actor_id_, parts_.above.id()};
}

void group_actor::tell_coordinator(group_news news) {
  std::visit([this](auto& each) { send(coordinator(), std::move(each)); }, news);
}

void group_actor::when_complete(work_done passed) {
  crossing_actor::when_complete(parts_.work(), passed);
}

void group_actor::when_complete(evaluation_done passed) {
  crossing_actor::when_complete(parts_.work(), std::move(passed));
}

} // namespace syngrad
