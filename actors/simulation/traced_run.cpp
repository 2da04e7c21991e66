#include "actors/simulation/traced_run.hpp"

#include <algorithm>

namespace syngrad {

namespace {

// Begins and ends at once: a link without ends of its own.
void pass_at_once(simulated_trace& trace, int number, double at, trace_record out) {
  const auto bytes = out.value;
  for (const auto each : {record_kind::begin, record_kind::end}) {
    out.kind = each;
    out.value = each == record_kind::end ? static_cast<std::uint32_t>(waiting_reason::input) : bytes;
    trace.add(number, at, out);
  }
}

class traced_updates : public update_observer {
public:
  traced_updates(const simulated_machines& machines, simulated_trace* const& trace)
    : machines_(machines), trace_(trace) {}

  void updated(const update_origin& origin, applied_gradient applied, std::uint32_t predictor_version) override {
    if (!trace_) return;
    trace_record out;
    out.kind = record_kind::update;
    out.message = origin.handled;
    out.parent = origin.activation;
    out.batch = static_cast<std::uint32_t>(origin.batch);
    out.version = static_cast<std::uint32_t>(origin.version);
    out.value = predictor_version;
    out.interface = origin.interface;
    out.type = static_cast<std::uint8_t>(applied);
    trace_->add(static_cast<int>(origin.actor) - static_cast<int>(simulated_trace::id_of(0)), machines_.now(), out);
  }

private:
  const simulated_machines& machines_;
  simulated_trace* const& trace_;
};

} // namespace

std::vector<trace_names::actor> traced_run::names() const {
  std::vector<trace_names::actor> out;
  for (const auto& each : actors) out.push_back(each.name);
  out.insert(out.end(), links.begin(), links.end());
  return out;
}

void traced_run::watch(simulated_machines& machines, simulated_trace& trace) const {
  constexpr int nobody = simulated_machines::nobody;
  const auto number_of = [this](int actor) {
    const auto count = static_cast<int>(actors.size());
    if (actor < count) return actor;
    const auto link = ends[static_cast<std::size_t>(actor - count)];
    return link == nobody ? nobody : count + link;
  };
  machines.watch(
    [this, number_of, &trace](record_kind kind, int actor, int peer, int link, const trace_record& what, double at) {
      const auto number = number_of(actor);
      if (what.message == 0 || number == nobody) return;
      auto out = what;
      out.kind = kind;
      out.peer = peer == nobody ? 0 : simulated_trace::id_of(number_of(peer));
      const auto over = static_cast<int>(actors.size()) + link;
      const bool goes_over_link = kind == record_kind::send && link != nobody;
      if (goes_over_link) out.peer = simulated_trace::id_of(over);
      const bool is_link = number != actor;
      const auto* who = is_link ? nullptr : &actors[static_cast<std::size_t>(actor)];
      if ((kind == record_kind::begin || kind == record_kind::end) && who && who->version) out.version = who->version();
      if (kind == record_kind::end)
        out.value = static_cast<std::uint32_t>(
          who && who->waits_for_credit && who->waits_for_credit() ? waiting_reason::credit : waiting_reason::input);
      trace.add(number, at, out);
      const bool has_ends = std::find(ends.begin(), ends.end(), link) != ends.end();
      if (!goes_over_link || has_ends) return;
      out.peer = simulated_trace::id_of(actor);
      pass_at_once(trace, over, at, out);
    });
}

void traced_run::lives(simulated_trace& trace, int actor, double at, bool is_there) const {
  trace_record out;
  out.kind = is_there ? record_kind::spawn : record_kind::exit;
  out.batch = no_trace_batch;
  out.interface = no_edge;
  trace.add(actor, at, out);
}

std::shared_ptr<update_observer> trace_updates(const simulated_machines& machines, simulated_trace* const& trace) {
  return std::make_shared<traced_updates>(machines, trace);
}

} // namespace syngrad
