#include "tools/trace/analysis/timing_analyses.hpp"

#include "tools/progress/text_table.hpp"

namespace syngrad::tools {

live_numbers live_view::look(const trace_run& run, std::int64_t until_ns) {
  const auto from_ns = last_ns_.value_or(run.begin_ns());
  until_ns = std::max(until_ns, from_ns);
  trace_filter window;
  window.from_ns = from_ns;
  window.to_ns = until_ns;
  run.for_each(window, [this](const trace_record& record) { take(record); });
  last_ns_ = until_ns;

  live_numbers out;
  out.seconds = static_cast<double>(until_ns - run.begin_ns()) / 1e9;
  out.span_s = static_cast<double>(until_ns - from_ns) / 1e9;
  const auto rate = [&](std::int64_t count) { return out.span_s > 0 ? static_cast<double>(count) / out.span_s : 0; };
  out.records_a_second = rate(std::exchange(records_, 0));
  out.messages_a_second = rate(std::exchange(messages_, 0));
  out.batches_a_second = rate(std::exchange(batches_, 0));
  for (auto& [id, each] : actors_) {
    if (each.busy_since_ns) each.busy_ns += until_ns - std::exchange(each.busy_since_ns, until_ns).value();
    const auto busy_s = static_cast<double>(std::exchange(each.busy_ns, 0)) / 1e9;
    const auto handled = std::exchange(each.handled, 0);
    if (each.seen)
      out.actors.push_back(
        {run.names().title_of(id), rate(handled), each.waiting, out.span_s > 0 ? busy_s / out.span_s : 0});
  }
  return out;
}

void live_view::arrive(std::uint32_t actor) {
  ++actors_[actor].waiting;
}

void live_view::take(const trace_record& record) {
  ++records_;
  switch (record.kind) {
  case record_kind::send:
    ++messages_;
    if (record.type == static_cast<std::uint8_t>(trace_message::batch_done)) ++batches_;
    if (node_of(record.actor) == node_of(record.peer)) arrive(record.peer);
    return;
  case record_kind::enqueue:
    return arrive(record.actor);
  case record_kind::begin: {
    auto& actor = actors_[record.actor];
    actor.seen = true;
    if (record.message != 0 && actor.waiting > 0) --actor.waiting;
    actor.busy_since_ns = record.time_ns;
    return;
  }
  case record_kind::end: {
    auto& actor = actors_[record.actor];
    ++actor.handled;
    if (actor.busy_since_ns) actor.busy_ns += record.time_ns - *actor.busy_since_ns;
    actor.busy_since_ns.reset();
    return;
  }
  default:
    return;
  }
}

std::string text_of(const live_numbers& now, const trace_run& run) {
  std::string out = show_duration(now.seconds) + "  " + show_real(now.batches_a_second, 1) + " batches/s  " +
                    show_real(now.messages_a_second, 0) + " messages/s  " + show_real(now.records_a_second, 0) +
                    " records/s  " + show_real(static_cast<double>(run.bytes()) / (1 << 20), 1) + " MiB  " +
                    show_count(static_cast<std::int64_t>(run.lost())) + " lost\n";
  text_table table({"actor", "handled/s", "waiting", "busy"});
  for (const auto& each : now.actors)
    table.add({each.name, show_real(each.handled_a_second, 0), show_count(each.waiting), show_percent(each.busy)});
  return out + table.str();
}

} // namespace syngrad::tools
