// What CAF's actor of all connections leaves behind when a process lets go of the network.
#include "tests/actors/nodes/test_node.hpp"
#include "tests/support/catch.hpp"

#include <caf/io/basp_broker.hpp>
#include <caf/io/middleman.hpp>

#include <memory>

using namespace syngrad;
using namespace syngrad::test;

namespace {

struct keepsake {
  std::shared_ptr<int> held;
};

} // namespace

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(keepsake)

TEST_CASE("a message that comes to the broker of connections at its end is freed, and so is the broker") {
  const auto held = std::make_shared<int>(0);
  bool sent = false;
  {
    const auto opened = node_system::open(loopback_settings("a"), 1, 1, {});
    REQUIRE(opened);
    auto& middleman = (*opened)->get().middleman();
    const auto broker = middleman.named_broker<caf::io::basp_broker>(caf::atom("BASP"));
    broker->attach_functor([&, address = broker.address()] {
      const auto self = caf::actor_cast<caf::actor>(address);
      caf::send_as(self, self, keepsake{held}); // as the heartbeat, it keeps its sender alive
      sent = true;
    });
  }
  CHECK(sent);
  CHECK(held.use_count() == 1);
}
