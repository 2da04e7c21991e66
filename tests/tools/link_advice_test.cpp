// What --link is said to do to a run before it.
#include "models/network.hpp"
#include "tests/support/catch.hpp"
#include "tools/train/link_advice.hpp"

using namespace syngrad;
using namespace syngrad::tools;

namespace {

// Of two groups with 4 features between them, on a machine that computes in no time: a batch of 100 takes each group
// 0.1 ms.
std::vector<std::string> advice(const std::string& policy, const std::string& link, int credits = 2) {
  training_settings settings;
  settings.policy = policy;
  settings.split = {1, 1};
  settings.batch_size = 100;
  settings.link = *emulated_network::parse(link);
  settings.credits = credits;
  const auto net = make_network("mlp:5-4-3");
  REQUIRE(net);
  return link_advice(settings, outline_groups(settings, *net), 1e18);
}

using said = std::vector<std::string>;

} // namespace

TEST_CASE("a link that takes longer than the credits cover brings a line with how many would do") {
  CHECK(advice("delayed", "delay@0:15ms,jitter@0:10ms") ==
        said{"link: interface 0 takes 40 ms there and back, about 401 batches at 10,000 steps/s: --credits 1024 would "
             "keep the groups busy (now 2: at most 50 steps/s)"});
  CHECK(advice("delayed", "delay@0:20ms", 401) == said{});
  CHECK(advice("delayed", "none") == said{});
}

TEST_CASE("a policy that waits for each gradient is told how long") {
  CHECK(advice("locked", "delay@0:20ms") ==
        said{"link: with --policy locked each batch waits for the way up and down again, 40 ms: at most 25 "
             "steps/s"});
}

TEST_CASE("a pipeline is told how long its last micro-batch takes, up and down again") {
  CHECK(advice("pipeline", "delay@0:20ms") ==
        said{"link: with --policy pipeline each batch waits for the way up and down again, 40 ms: at most 25 "
             "steps/s"});
}

TEST_CASE("a rate that is lower than the groups' is said, and takes part in what is advised") {
  // 1,600 bytes each way
  CHECK(advice("delayed", "rate@0:1kB/s") ==
        said{"link: at its rate, interface 0 passes at most 0.62 batches a second",
             "link: interface 0 takes 3.2 s there and back, about 3 batches at 0.62 steps/s: --credits 8 would keep "
             "the groups busy (now 2: at most 0.62 steps/s)"});
  CHECK(advice("local", "rate@0:1kB/s") ==
        said{"link: at its rate, interface 0 passes at most 0.62 batches a second"}); // no gradient comes back
}
