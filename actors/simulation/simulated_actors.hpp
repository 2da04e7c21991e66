// The actors of a simulated run: what a group and its predictor are in a run, with simulated machines in place of CAF.
#pragma once

#include "actors/actor_setups.hpp"
#include "actors/group_turn.hpp"
#include "actors/message_tracer.hpp"
#include "actors/predictor_turn.hpp"
#include "actors/simulation/simulated_run.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <typeinfo>
#include <utility>
#include <vector>

namespace syngrad {

class simulated_group_actor;

// What all of a run's actors share.
struct simulation {
  const simulated_setup& of;
  simulated_machines machines;
  std::vector<std::unique_ptr<simulated_group_actor>> groups{};
  int source = 0; // actor
  std::function<void(std::int64_t credits)> feed{};
  std::int64_t credits = 0, sent = 0;
  std::int64_t alone = 0;       // batches that ended below a gap: others are made in their place
  std::vector<double> losses{}; // when each batch had its own
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
  simulated_group_actor(simulation& all, std::size_t index, run_plan& plan, const run_edges& edges);

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
  void network_above(bool is_away);

  simulated_group tell();
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
  std::uint64_t bytes_down(const tensor& values, const chosen_samples& chosen) const;

  // group_outlet
  message_context context_for(std::uint64_t batch, std::uint32_t version) override {
    return all_.context_of(actor_, batch, version);
  }
  message_context caused_by(std::uint64_t cause, std::uint64_t batch, std::uint32_t version) override {
    return all_.caused_by(actor_, cause, batch, version);
  }
  update_origin origin_of(const batch_record& record, std::int64_t version) const override;
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
  void ask_predictor(predict question) override;
  void teach_predictor(target lesson) override;
  void tell_coordinator(group_news news) override;
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

} // namespace syngrad
