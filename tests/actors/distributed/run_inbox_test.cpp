// What the inbox of a process's part of a run tells of each node.
#include "actors/actor_system.hpp"
#include "actors/distributed/run_inbox.hpp"
#include "tests/support/catch.hpp"

using namespace syngrad;

TEST_CASE("that one node has heard its last word, and goes, says nothing of another one") {
  owned_actor_system system(1, 1);
  run_inbox inbox(system.get());
  const auto first = inbox.port_for(1), second = inbox.port_for(2);
  const auto next = [&] { return dismissed_node(inbox.next(std::chrono::seconds(20))); };
  caf::anon_send(first, link_drained{{}, 7}); // the links to all nodes have this number
  REQUIRE(next() == 1);
  caf::anon_send(inbox.address(), peer_down{1, "it has left", 0});
  REQUIRE(next() == 1);
  caf::anon_send(inbox.address(), peer_up{2, 1, {}});
  REQUIRE(next() == std::nullopt);
  caf::anon_send(second, link_drained{{}, 7});
  REQUIRE(next() == 2);
  caf::anon_send(inbox.address(), peer_dead{3, "killed by the test", 0});
  REQUIRE(next() == 3);
  for (const auto& each : {first, second}) caf::anon_send_exit(each, caf::exit_reason::user_shutdown);
}
