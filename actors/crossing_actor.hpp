// The base of actors whose tensors may have to cross to or from another device: the source and the groups.
//
// | from       | to                               | how                                                              |
// |------------|----------------------------------|------------------------------------------------------------------|
// | any device | a stream of the same device      | it waits for the tensor's event: nothing here                    |
// | host, peer | a device other than the host     | the receiver copies, in the order of its copy stream             |
// | a device   | who reads host memory only:      | the sender copies to host-visible memory, and sends what it says |
// |            | the CPU, a link to another node  | when its copy stream is past the copy                            |
//
// All that goes to a neighbour of the third kind takes that way, so what was sent first arrives first. The copy stream
// is apart from the actor's work, so copies overlap with it.
#pragma once

#include "actors/observed_actor.hpp"
#include "runtime/device.hpp"

#include <utility>

namespace syngrad {

class crossing_actor : public observed_actor {
protected:
  struct neighbour {
    caf::actor who;
    bool reads_host_only = false; // it cannot read the memory of other devices
  };

  // `copies`: a stream of the actor's device that nothing else uses.
  crossing_actor(caf::actor_config& config, actor_context context, std::string title, actor_role role, int index,
                 stream& copies)
    : observed_actor(config, context, std::move(title), role, index), copies_(copies) {}

  // Sends `message` with its tensors where `to` can read them. Returns at once.
  template <class M>
  void send_across(const neighbour& to, M message) {
    if (!to.reads_host_only || copies_.owner().host_reads_memory()) {
      send(to.who, std::move(message));
      return;
    }
    bring_to_host(message);
    auto context = message.context;
    when_complete(copies_, departure{context, to.who, std::move(message)});
  }

  // A tensor that has come, where streams of this device can wait for it and read it. Holds nothing back: a copy from
  // elsewhere runs while earlier batches are worked on.
  tensor brought_here(const tensor& arrived) {
    return arrived && !copies_.owner().holds(*arrived.memory().get()) ? brought_to(copies_, arrived) : arrived;
  }

  chosen_samples brought_here(const chosen_samples& arrived) {
    return {brought_here(arrived.numbers), brought_here(arrived.weights), arrived.all};
  }

  // Of the actor's behavior.
  void handle_departure(departure& ready) {
    copies_.raise_failure();
    std::visit(
      [&](auto& message) {
        message.context.sent_ns = steady_now_ns();
        send(ready.to, std::move(message));
      },
      ready.content);
  }

private:
  template <class M>
  void bring_to_host(M& message) {
    if constexpr (requires { message.values; }) message.values = brought_to_host(copies_, message.values);
    if constexpr (requires { message.targets; }) message.targets = brought_to_host(copies_, message.targets);
    if constexpr (requires { message.following; }) message.following = brought_to_host(copies_, message.following);
    if constexpr (requires { message.chosen; }) {
      message.chosen.numbers = brought_to_host(copies_, message.chosen.numbers);
      message.chosen.weights = brought_to_host(copies_, message.chosen.weights);
    }
  }

  stream& copies_;
};

} // namespace syngrad
