// Both ends of a link in one actor system under CAF's deterministic scheduler, between a source and a target, with a
// wire each way that carries only so many packets.
#pragma once

#include "actors/links/link_ends.hpp"
#include "actors/links/link_messages.hpp"
#include "actors/links/link_packets.hpp"
#include "actors/observed_actor.hpp"
#include "runtime/cpu/cpu_device.hpp"

#include <caf/scheduler/test_coordinator.hpp>

#include <future>
#include <optional>
#include <string>
#include <vector>

namespace syngrad::test {

// Keeps what arrives, of every type that crosses.
class keeping_actor : public observed_actor {
public:
  keeping_actor(caf::actor_config& config, actor_context context, std::vector<link_message>& kept)
    : observed_actor(config, context, "target"), kept_(kept) {}

protected:
  caf::behavior make_behavior() override { return with_describe(keeping(static_cast<link_message*>(nullptr))); }
  std::string describe() override { return "keeps"; }

private:
  template <class... Messages>
  caf::message_handler keeping(std::variant<Messages...>*) {
    return {[this](Messages& each) { kept_.push_back(std::move(each)); }...};
  }
  std::vector<link_message>& kept_;
};

class linked_pair {
public:
  explicit linked_pair(link_options options = {}, device* source = nullptr, trace_recorder* here = nullptr,
                       trace_recorder* there = nullptr, std::optional<link_options> other = std::nullopt) {
    const auto there_options = other.value_or(options);
    config_.set("scheduler.policy", caf::atom("testing"));
    add_link_packets(config_);
    system_.emplace(config_);
    target_ = system_->spawn<keeping_actor>(actor_context{9, there}, std::ref(kept));
    const auto listening = [](caf::event_based_actor*, std::string* to) -> caf::behavior {
      return {[to](neighbour_away&) { *to += "away "; }, [to](neighbour_back&) { *to += "back "; },
              [to](link_drained& each) { *to += "drained " + std::to_string(each.number) + " "; },
              [to](failure& each) { *to += each.what; }};
    };
    owner_ = system_->spawn(listening, &told);
    outgoing_link_setup out;
    out.number = 4;
    out.title = "link to target";
    out.owner = out.coordinator = owner_;
    out.options = options;
    out.source = source;
    out.counters = sent;
    outgoing = spawn_outgoing_link(*system_, {1, here}, std::move(out));
    incoming =
      spawn_incoming_link(*system_, {2, there}, {5, "link from source", target_, &cpu, there_options, received});
    outgoing->attach_functor([this](const caf::error& reason) { out_end = system_->render(reason); });
    incoming->attach_functor([this](const caf::error& reason) { in_end = system_->render(reason); });
    up_wire_ = wire_to(incoming);
    down_wire_ = wire_to(outgoing);
  }
  ~linked_pair() {
    for (auto* const each : {&outgoing, &incoming, &target_, &owner_, &up_wire_, &down_wire_}) {
      caf::anon_send_exit(*each, caf::exit_reason::user_shutdown);
      *each = nullptr;
    }
    run();
  }

  void connect(std::uint64_t session) {
    caf::anon_send(incoming, link_up{down_wire_, session});
    caf::anon_send(outgoing, link_up{up_wire_, session});
    run();
  }
  void disconnect() {
    caf::anon_send(outgoing, link_down{"the cable was pulled"});
    caf::anon_send(incoming, link_down{"the cable was pulled"});
    run();
  }
  template <class M>
  void send(M message) {
    caf::anon_send(outgoing, std::move(message));
    run();
  }
  void run() { scheduler().run(); }
  void pass_time(std::chrono::milliseconds time) {
    scheduler().advance_time(time);
    run();
  }
  std::string describe(const caf::actor& which) {
    const auto answer = std::make_shared<std::promise<std::string>>();
    auto line = answer->get_future();
    caf::anon_send(which, describe_request{answer});
    run();
    return line.get();
  }

  const caf::actor& owner() const { return owner_; }

  cpu_device cpu;
  std::vector<link_message> kept;
  std::string told, out_end, in_end;
  std::shared_ptr<link_counters> sent = std::make_shared<link_counters>();
  std::shared_ptr<link_counters> received = std::make_shared<link_counters>();
  caf::actor outgoing, incoming;
  int passes = 1 << 30; // packets that the wires still carry
  int chunks = 0;       // that they carried

private:
  caf::scheduler::test_coordinator& scheduler() {
    return dynamic_cast<caf::scheduler::test_coordinator&>(system_->scheduler());
  }
  caf::actor wire_to(const caf::actor& to) {
    const auto wire = [this](caf::event_based_actor* self, const caf::actor& end) -> caf::behavior {
      const auto pass = [this, self, end](auto& packet) {
        if (passes > 0) self->send(end, std::move(packet));
        passes -= passes > 0;
      };
      return {[this, pass](chunk_packet& each) {
                chunks += passes > 0;
                pass(each);
              },
              [pass](link_receipt& each) { pass(each); }, [pass](link_probe& each) { pass(each); }};
    };
    return system_->spawn(wire, to);
  }

  caf::actor_system_config config_;
  std::optional<caf::actor_system> system_;
  caf::actor target_, owner_, up_wire_, down_wire_;
};

} // namespace syngrad::test
