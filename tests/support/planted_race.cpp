// Data races made on purpose, and traffic without any: shows that ThreadSanitizer still finds races between actors
// although CAF is not instrumented, and that it reports nothing else. Built under the tsan preset only.
//
// `planted_race threads | handlers | sent` contain one race each, `planted_race ordered` none.
#include "actors/actor_system.hpp"
#include "actors/observed_actor.hpp"

#include <functional>
#include <future>
#include <iostream>
#include <latch>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace {

struct parcel {
  std::shared_ptr<std::vector<int>> numbers;
};

} // namespace

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parcel)

namespace {

using handler = std::function<void(syngrad::observed_actor&, parcel&)>;

class racer : public syngrad::observed_actor {
public:
  racer(caf::actor_config& config, syngrad::actor_context context, handler on_parcel)
    : observed_actor(config, context, "racer"), on_parcel_(std::move(on_parcel)) {}

  caf::behavior make_behavior() override {
    return {[this](parcel& received) { on_parcel_(*this, received); }};
  }

private:
  std::string describe() override { return "races"; }

  handler on_parcel_;
};

parcel new_parcel() {
  return {std::make_shared<std::vector<int>>(100, 0)};
}

// Without the latch one thread could be through before the other begins, and a lock between them would order them.
void race_of_threads() {
  std::latch both(2);
  int shared = 0;
  auto write = [&] {
    both.arrive_and_wait();
    ++shared;
  };
  std::jthread first(write);
  std::jthread second(write);
}

// Two actors write to the same variable.
void race_of_handlers() {
  std::latch both(2);
  int shared = 0;
  syngrad::owned_actor_system system(2, 1);
  const handler write = [&](syngrad::observed_actor& self, parcel&) {
    both.arrive_and_wait();
    ++shared;
    self.quit();
  };
  for (int i = 0; i < 2; ++i) caf::anon_send(system.get().spawn<racer>(syngrad::actor_context{1}, write), new_parcel());
}

// An actor writes to what it has already sent.
void race_with_sent() {
  std::latch both(2);
  syngrad::owned_actor_system system(2, 1);
  const auto receiver =
    system.get().spawn<racer>(syngrad::actor_context{1}, [&](syngrad::observed_actor& self, parcel& received) {
      both.arrive_and_wait();
      ++received.numbers->front();
      self.quit();
    });
  const auto sender = system.get().spawn<racer>(syngrad::actor_context{2},
                                                [&, receiver](syngrad::observed_actor& self, parcel& received) {
                                                  self.send(receiver, received);
                                                  both.arrive_and_wait();
                                                  ++received.numbers->front();
                                                  self.quit();
                                                });
  caf::anon_send(sender, new_parcel());
}

// Parcels are handed up a chain and written to by each actor, which also writes to a variable of its own. At the end
// all stop at once, with parcels still on their way.
void ordered_chain() {
  constexpr int length = 5;
  constexpr int parcels = 500;
  std::promise<void> done;
  std::vector<int> handled(length, 0);
  syngrad::owned_actor_system system(3, 1);
  std::vector<caf::actor> chain(length);
  for (auto i = length; i-- > 0;) {
    const auto above = i + 1 < length ? chain[i + 1] : caf::actor{};
    chain[i] = system.get().spawn<racer>(syngrad::actor_context{static_cast<std::uint16_t>(i + 1)},
                                         [&, above, i](syngrad::observed_actor& self, parcel& received) {
                                           for (auto& number : *received.numbers) number += ++handled[i];
                                           if (above) self.send(above, std::move(received));
                                           if (!above && handled[i] == parcels) done.set_value();
                                         });
  }
  for (int i = 0; i < 2 * parcels; ++i) caf::anon_send(chain.front(), new_parcel());
  done.get_future().get();
  for (const auto& each : chain) caf::anon_send_exit(each, caf::exit_reason::user_shutdown);
}

} // namespace

int main(int count, char** words) {
  const std::map<std::string, std::function<void()>> cases{
    {"threads", race_of_threads}, {"handlers", race_of_handlers}, {"sent", race_with_sent}, {"ordered", ordered_chain}};
  const auto chosen = count == 2 ? cases.find(words[1]) : cases.end();
  if (chosen == cases.end()) {
    std::cerr << "usage: planted_race threads | handlers | sent | ordered\n";
    return 2;
  }
  chosen->second();
}
