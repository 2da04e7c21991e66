#include "actors/simulation/simulated_actors.hpp"

namespace syngrad {

void simulated_predictor::answer_group(synthetic_gradient answer) {
  all_.machines.send(group_.actor(), simulation::record_of(answer, edge_), [this, answer] { group_.handle(answer); });
}

void simulated_predictor::tell_group(targets_dropped count) {
  all_.machines.send(group_.actor(), simulation::record_of(count, edge_), [this, count] { group_.handle(count); });
}

simulated_group_actor::simulated_group_actor(simulation& all, std::size_t index, run_plan& plan, const run_edges& edges)
  : all_(all), index_(index), actor_(all.add_actor(all.of.process_of[index])),
    parts_(setup_of_group(plan, static_cast<int>(index), edges), *this) {
  const auto& planned = plan.groups[index];
  if (!planned.predictor) return;
  predictor_.emplace(all, all.add_actor(all.of.process_of[index]), *this, setup_of_predictor(plan, edges.above(index)));
  parts_.predictor.connect(true);
}

void simulated_group_actor::send_below(credit granted) {
  if (index_ > 0) return send_down(0, granted);
  all_.machines.send(all_.source, simulation::record_of(granted, no_edge),
                     [this, granted] { all_.feed(granted.batches); });
}

simulated_group simulated_group_actor::tell() {
  group_report told;
  parts_.account.tell(told, false);
  return {told.updates,
          parts_.kept.most_batches(),
          parts_.predictor.dropped_targets(),
          parts_.above.ended_at_gaps(),
          told.staleness,
          0,
          0};
}

std::uint64_t simulated_group_actor::bytes_down(const tensor& values, const chosen_samples& chosen) const {
  if (!values) return 0;
  const auto whole = all_.of.groups[index_ - 1].bytes_down;
  return chosen ? whole * static_cast<std::uint64_t>(chosen.count()) / static_cast<std::uint64_t>(chosen.all) : whole;
}

void simulated_group_actor::tell_coordinator(group_news news) {
  if (std::holds_alternative<batch_done>(news)) all_.losses.push_back(all_.machines.now());
  if (const auto* failed = std::get_if<failure>(&news)) throw std::logic_error(failed->what);
  if (const auto* ended = std::get_if<batch_alone>(&news))
    all_.machines.send(all_.source, simulation::record_of(*ended, no_edge), [this] {
      ++all_.alone;
      all_.feed(0);
    });
}

void simulated_group_actor::teach_predictor(target lesson) {
  const auto what = simulation::record_of(lesson, parts_.above.id());
  all_.machines.send(predictor_->actor(), what, [this, lesson] { predictor_->turn().arrived(lesson); });
}

void simulated_group_actor::ask_predictor(predict question) {
  const auto what = simulation::record_of(question, parts_.above.id());
  all_.machines.send(predictor_->actor(), what, [this, question] { predictor_->turn().arrived(question); });
}

void simulated_group_actor::network_above(bool is_away) {
  then([&] {
    if (!is_away) return parts_.above.closes_gap();
    parts_.above.opens_gap();
    turn_.advance(); // a batch that waits for a credit goes on at once
  });
}

update_origin simulated_group_actor::origin_of(const batch_record& record, std::int64_t version) const {
  return {all_.machines.handled(),        record.cause,     record.batch, version,
          simulated_trace::id_of(actor_), parts_.above.id()};
}

} // namespace syngrad
