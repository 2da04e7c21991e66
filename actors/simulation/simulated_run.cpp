#include "actors/simulation/simulated_run.hpp"

#include "actors/actor_setups.hpp"
#include "actors/group_turn.hpp"
#include "actors/message_tracer.hpp"
#include "actors/predictor_turn.hpp"
#include "actors/simulation/timed_passes.hpp"
#include "runtime/cpu/cpu_device.hpp"
#include "runtime/operators.hpp"
#include "runtime/random.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <typeinfo>
#include <utility>

namespace syngrad {

namespace {

class simulated_group_actor;

// What all of a run's actors share.
struct simulation {
  const simulated_setup& of;
  simulated_machines machines;
  std::vector<std::unique_ptr<simulated_group_actor>> groups;
  int source = 0; // actor
  std::function<void(std::int64_t credits)> feed;
  std::int64_t credits = 0, sent = 0;
  std::vector<double> losses; // when each batch had its own
  simulated_trace* trace = nullptr;
  std::vector<std::uint64_t> sequences{}; // of the ids of each actor's messages

  int add_actor(int process) {
    sequences.push_back(0);
    return machines.add_actor(process);
  }
  // Of the next message of an actor.
  message_context context_of(int actor, std::uint64_t batch, std::uint32_t version) {
    return caused_by(actor, machines.handled(), batch, version);
  }
  message_context caused_by(int actor, std::uint64_t cause, std::uint64_t batch, std::uint32_t version) {
    return {simulated_trace::origin_of(actor) | ++sequences[static_cast<std::size_t>(actor)], cause,
            static_cast<std::int64_t>(machines.now() * 1e9), batch, version};
  }
  template <class M>
  static trace_record record_of(const M& message, edge_id edge, std::uint64_t bytes = 0) {
    trace_record out;
    out.message = message.context.id;
    out.parent = message.context.parent;
    out.batch = static_cast<std::uint32_t>(message.context.batch);
    out.version = message.context.version;
    out.value = static_cast<std::uint32_t>(bytes);
    out.interface = edge;
    out.type = static_cast<std::uint8_t>(trace_name_of(typeid(M)));
    return out;
  }

  // Of the interface above a group.
  int link_up(std::size_t group) const { return 2 * static_cast<int>(group); }
  int link_down(std::size_t group) const { return 2 * static_cast<int>(group) + 1; }
};

class simulated_predictor : public predictor_outlet {
public:
  simulated_predictor(simulation& all, int actor, simulated_group_actor& group, predictor_setup setup)
    : all_(all), actor_(actor), edge_(setup.edge.id), group_(group), turn_(std::move(setup), *this) {}

  int actor() const { return actor_; }
  predictor_turn& turn() { return turn_; }

private:
  message_context context_for(std::uint64_t batch, std::uint32_t version) override {
    return all_.context_of(actor_, batch, version);
  }
  void answer_group(synthetic_gradient) override;
  void tell_group(targets_dropped) override;
  void ask_solver(solve) override {} // its kind has none
  void train_later(next_target next) override {
    all_.machines.send(actor_, simulation::record_of(next, edge_), [this, next] { turn_.arrived(next); });
  }

  simulation& all_;
  int actor_;
  edge_id edge_;
  simulated_group_actor& group_;
  predictor_turn turn_;
};

class simulated_group_actor : public group_outlet {
public:
  simulated_group_actor(simulation& all, std::size_t index, run_plan& plan, const run_edges& edges)
    : all_(all), index_(index), actor_(all.add_actor(all.of.process_of[index])),
      parts_(setup_of_group(plan, static_cast<int>(index), edges), *this) {
    const auto& planned = plan.groups[index];
    if (!planned.predictor) return;
    predictor_.emplace(all, all.add_actor(all.of.process_of[index]), *this,
                       setup_of_predictor(plan, edges.above(index)));
    parts_.predictor.connect(true);
  }

  int actor() const { return actor_; }
  const simulated_predictor* predictor() const { return predictor_ ? &*predictor_ : nullptr; }
  std::uint32_t version() const { return parts_.version(); }
  bool waits_for_credit() const { return turn_.waits_for_credit(); }
  void begin() { turn_.begin(); }
  void handle(activation batch) {
    then([&] { turn_.arrived(std::move(batch)); });
  }
  void handle(const gradient& values) {
    then([&] {
      if (!gradients_.arrived(values, turn_.is_flushing())) throw std::logic_error("an unexpected gradient");
      turn_.advance();
    });
  }
  void handle(const audit_gradient& values) {
    then([&] {
      gradients_.arrived(values);
      turn_.advance();
    });
  }
  void handle(const gradients_wanted& wanted) { parts_.below.wants(wanted.every); }
  void handle(const credit& granted) {
    then([&] {
      parts_.above.grant(granted.batches);
      turn_.advance();
    });
  }
  void handle(const synthetic_gradient& answer) {
    then([&] { turn_.arrived(answer); });
  }
  void handle(const targets_dropped& dropped) { parts_.predictor.dropped(dropped.count); }
  void handle(const flush_mark& mark) {
    then([&] { turn_.arrived(mark); });
  }
  void handle(const work_done& work) {
    then([&] { turn_.passed(work); });
  }

  simulated_group tell() {
    group_report told;
    parts_.account.tell(told, false);
    return {told.updates, parts_.kept.most_batches(), parts_.predictor.dropped_targets(), told.staleness, 0, 0};
  }
  std::string describe() const {
    return "group " + std::to_string(index_) + ": " + turn_.describe() + "; " + turn_.describe_contents();
  }

private:
  const group_work& work() const { return all_.of.groups[index_]; }
  // What a message did to the weights takes its time, too.
  template <class Handler>
  void then(Handler handler) {
    const auto before = parts_.setup.layers->version();
    handler();
    all_.machines.works(static_cast<double>(parts_.setup.layers->version() - before) * work().update);
  }
  template <class M>
  void send_over(int link, simulated_group_actor& to, std::uint64_t bytes, M message) {
    const auto what = simulation::record_of(message, static_cast<edge_id>(std::min(index_, to.index_)), bytes);
    all_.machines.send_over(link, to.actor_, bytes, what, [&to, message = std::move(message)] { to.handle(message); });
  }
  template <class M>
  void send_up(std::uint64_t bytes, M message) {
    send_over(all_.link_up(index_), *all_.groups[index_ + 1], bytes, std::move(message));
  }
  template <class M>
  void send_down(std::uint64_t bytes, M message) {
    send_over(all_.link_down(index_ - 1), *all_.groups[index_ - 1], bytes, std::move(message));
  }
  std::uint64_t bytes_down(const tensor& values, const chosen_samples& chosen) const {
    if (!values) return 0;
    const auto whole = all_.of.groups[index_ - 1].bytes_down;
    return chosen ? whole * static_cast<std::uint64_t>(chosen.count()) / static_cast<std::uint64_t>(chosen.all) : whole;
  }

  // group_outlet
  message_context context_for(std::uint64_t batch, std::uint32_t version) override {
    return all_.context_of(actor_, batch, version);
  }
  message_context caused_by(std::uint64_t cause, std::uint64_t batch, std::uint32_t version) override {
    return all_.caused_by(actor_, cause, batch, version);
  }
  update_origin origin_of(const batch_record& record, std::int64_t version) const override {
    return {all_.machines.handled(),        record.cause,     record.batch, version,
            simulated_trace::id_of(actor_), parts_.above.id()};
  }
  void send_above(activation batch) override { send_up(work().bytes_up, std::move(batch)); }
  void send_above(flush_mark mark) override { send_up(0, mark); }
  void send_above(gradients_wanted wanted) override { send_up(0, wanted); }
  void send_below(gradient values) override {
    const auto bytes = bytes_down(values.values, values.chosen);
    send_down(bytes, std::move(values));
  }
  void send_below(audit_gradient values) override {
    const auto bytes = bytes_down(values.values, {});
    send_down(bytes, std::move(values));
  }
  void send_below(credit granted) override;
  void ask_predictor(predict question) override {
    const auto what = simulation::record_of(question, parts_.above.id());
    all_.machines.send(predictor_->actor(), what, [this, question] { predictor_->turn().arrived(question); });
  }
  void teach_predictor(target lesson) override {
    const auto what = simulation::record_of(lesson, parts_.above.id());
    all_.machines.send(predictor_->actor(), what, [this, lesson] { predictor_->turn().arrived(lesson); });
  }
  void tell_coordinator(group_news news) override {
    if (std::holds_alternative<batch_done>(news)) all_.losses.push_back(all_.machines.now());
    if (const auto* failed = std::get_if<failure>(&news)) throw std::logic_error(failed->what);
  }
  void when_complete(work_done passed) override {
    all_.machines.send(actor_, simulation::record_of(passed, no_edge), [this, passed] { handle(passed); });
  }
  void when_complete(evaluation_done) override {}

  simulation& all_;
  std::size_t index_;
  int actor_;
  group_parts parts_;
  group_gradients gradients_{parts_};
  group_turn turn_{parts_, gradients_};
  std::optional<simulated_predictor> predictor_;
};

void simulated_predictor::answer_group(synthetic_gradient answer) {
  all_.machines.send(group_.actor(), simulation::record_of(answer, edge_), [this, answer] { group_.handle(answer); });
}

void simulated_predictor::tell_group(targets_dropped count) {
  all_.machines.send(group_.actor(), simulation::record_of(count, edge_), [this, count] { group_.handle(count); });
}

// The source has its batches ready: one, or a part of one, for each credit.
void feed(simulation& all, const run_plan& plan, stream& work, std::int64_t credits) {
  all.credits += credits;
  const std::int64_t parts = parts_of_batches(plan.settings), whole = plan.settings.batch_size;
  for (; all.credits > 0 && all.sent < plan.settings.steps * parts; --all.credits, ++all.sent) {
    const auto part = all.sent % parts, samples = whole / parts + (part < whole % parts ? 1 : 0);
    auto values = make_tensor(work, {samples, timed_width}), labels = make_tensor(work, {samples}, dtype::i32);
    work.ops().fill(work, values, 0);
    std::fill_n(labels.i32(), samples, 0);
    const activation batch{all.context_of(all.source, static_cast<std::uint64_t>(all.sent), 0),
                           phase::train,
                           0,
                           std::move(values),
                           std::move(labels),
                           samples,
                           samples,
                           all.sent / parts};
    auto& lowest = *all.groups.front();
    all.machines.send(lowest.actor(), simulation::record_of(batch, no_edge),
                      [&lowest, batch] { lowest.handle(batch); });
  }
}

void simulated_group_actor::send_below(credit granted) {
  if (index_ > 0) return send_down(0, granted);
  all_.machines.send(all_.source, simulation::record_of(granted, no_edge),
                     [this, granted] { all_.feed(granted.batches); });
}

// Of what is measured nothing is told: it means nothing.
class simulated_updates : public update_observer {
public:
  explicit simulated_updates(simulation& all) : all_(all) {}

  void updated(const update_origin& origin, applied_gradient applied, std::uint32_t predictor_version) override {
    if (!all_.trace) return;
    trace_record out;
    out.kind = record_kind::update;
    out.message = origin.handled;
    out.parent = origin.activation;
    out.batch = static_cast<std::uint32_t>(origin.batch);
    out.version = static_cast<std::uint32_t>(origin.version);
    out.value = predictor_version;
    out.interface = origin.interface;
    out.type = static_cast<std::uint8_t>(applied);
    all_.trace->add(static_cast<int>(origin.actor) - static_cast<int>(simulated_trace::id_of(0)), all_.machines.now(),
                    out);
  }

private:
  simulation& all_;
};

// Who is who, by actor: the source, then groups, each with its predictor behind it; then links, which a trace has as
// actors.
struct simulated_cast {
  std::vector<trace_names::actor> names;
  std::vector<const simulated_group_actor*> groups; // null: none
  int first_link = 0;
};

simulated_cast cast_of(const simulation& all) {
  simulated_cast out{{{actor_role::source, 0, "source"}}, {nullptr}, 0};
  for (std::size_t i = 0; i < all.groups.size(); ++i) {
    const auto number = static_cast<int>(i);
    out.names.push_back({actor_role::group, number, "group " + std::to_string(i)});
    out.groups.push_back(all.groups[i].get());
    if (!all.groups[i]->predictor()) continue;
    out.names.push_back({actor_role::predictor, number, "predictor " + std::to_string(i)});
    out.groups.push_back(nullptr);
  }
  out.first_link = static_cast<int>(out.names.size());
  for (int above = 1; above < static_cast<int>(all.groups.size()); ++above)
    for (const auto& [from, to] : {std::pair{above - 1, above}, {above, above - 1}})
      out.names.push_back({actor_role::link, from << 16 | to, fmt::format("link group {} -> group {}", from, to)});
  return out;
}

void watch_for_trace(simulation& all, const simulated_cast& cast) {
  const auto write = [&all, &cast](record_kind kind, int actor, int peer, int link, const trace_record& what,
                                   double at) {
    if (what.message == 0) return;
    auto out = what;
    out.kind = kind;
    out.peer = peer == simulated_machines::nobody ? 0 : simulated_trace::id_of(peer);
    const bool goes_over_link = kind == record_kind::send && link != simulated_machines::nobody;
    if (goes_over_link) out.peer = simulated_trace::id_of(cast.first_link + link);
    const auto* group = cast.groups[static_cast<std::size_t>(actor)];
    const bool is_handled = kind == record_kind::begin || kind == record_kind::end;
    if (is_handled && group) out.version = group->version();
    if (kind == record_kind::end)
      out.value = static_cast<std::uint32_t>(
        actor == all.source || (group && group->waits_for_credit()) ? waiting_reason::credit : waiting_reason::input);
    all.trace->add(actor, at, out);
    if (!goes_over_link) return;
    out.peer = simulated_trace::id_of(actor);
    for (const auto each : {record_kind::begin, record_kind::end}) {
      out.kind = each;
      out.value = each == record_kind::end ? static_cast<std::uint32_t>(waiting_reason::input) : what.value;
      all.trace->add(cast.first_link + link, at, out);
    }
  };
  all.machines.watch(write);
}

// As make_run_plan() makes it, of layers and predictors that take their time.
run_plan plan_of(const simulated_setup& of, simulation& all, device& where) {
  auto& machines = all.machines;
  run_plan plan;
  plan.settings = of.settings;
  plan.settings.cuda_graphs = false;
  plan.trained_for = std::move(*make_objective({}));
  plan.updates = std::make_shared<simulated_updates>(all);
  const bool predicts = capabilities_of(of.settings).predicts;
  for (std::size_t i = 0; i < of.groups.size(); ++i) {
    const auto& work = of.groups[i];
    planned_group group;
    group.units = std::to_string(i);
    group.where = &where;
    group.work = group.copies = group.predictor_work = &where.make_stream();
    layer_list layers;
    layers.push_back(std::make_unique<timed_layer>(work, of.settings.batch_size, machines));
    group.layers = std::make_shared<layer_group>(*group.work, sample_spec{{timed_width}}, std::move(layers),
                                                 optimizer_settings{}, 1, static_cast<int>(i));
    if (predicts && i + 1 < of.groups.size())
      group.predictor = std::make_shared<timed_model>(work, of.settings.batch_size, machines);
    plan.groups.push_back(std::move(group));
  }
  return plan;
}

// From loss to loss, in the middle half.
double middle_of(const std::vector<double>& losses) {
  const auto count = losses.size(), first = count / 4, last = count - 1 - count / 4;
  if (last <= first) return losses.back() / static_cast<double>(count);
  return (losses[last] - losses[first]) / static_cast<double>(last - first);
}

} // namespace

simulated_run simulate(const simulated_setup& of, const trace_maker& make_trace) {
  cpu_device cpu;
  simulation all{of, {of.processes, of.handling_s, of.cores}, {}, 0, {}, 0, 0, {}};
  auto plan = plan_of(of, all, cpu);
  auto& data = cpu.make_stream();
  const run_edges edges(of.groups.size());
  all.source = all.add_actor(of.process_of.front());
  all.feed = [&](std::int64_t credits) { feed(all, plan, data, credits); };
  for (std::size_t i = 0; i + 1 < of.groups.size(); ++i)
    for (const std::uint64_t down : {0, 1})
      all.machines.add_link(
        {of.links.empty() ? link_conditions{} : of.links[i], random_source(of.settings.seed, 2 * i + down)});
  for (std::size_t i = 0; i < of.groups.size(); ++i)
    all.groups.push_back(std::make_unique<simulated_group_actor>(all, i, plan, edges));
  const auto cast = cast_of(all);
  if (make_trace && (all.trace = make_trace(cast.names))) watch_for_trace(all, cast);
  for (auto& each : all.groups) all.machines.send(each->actor(), {}, [&each] { each->begin(); });
  while (all.machines.step()) {
  }

  simulated_run out;
  out.steps = static_cast<std::int64_t>(all.losses.size());
  if (out.steps < of.settings.steps) {
    std::string who = "nothing comes any more after batch " + std::to_string(out.steps);
    for (const auto& each : all.groups) who += "; " + each->describe();
    throw std::logic_error(who);
  }
  out.seconds = all.losses.back();
  out.step_s = middle_of(all.losses);
  for (std::size_t i = 0; i < of.processes.size(); ++i) {
    const auto process = static_cast<int>(i);
    out.busy.push_back(all.machines.busy_s(process) / (all.machines.now() * of.processes[i].threads));
  }
  const auto a_step = [&](int link) { return all.machines.bytes_over(link) / static_cast<double>(out.steps); };
  for (std::size_t i = 0; i < all.groups.size(); ++i) {
    auto& told = out.groups.emplace_back(all.groups[i]->tell());
    if (i + 1 == all.groups.size()) break;
    told.bytes_up_a_step = a_step(all.link_up(i));
    told.bytes_down_a_step = a_step(all.link_down(i));
  }
  return out;
}

} // namespace syngrad
