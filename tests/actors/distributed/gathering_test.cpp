// What nodes send at the end of a run: kept up to what they can have, waited for as long as something comes.
#include "actors/distributed/result_gathering.hpp"
#include "runtime/cpu/cpu_device.hpp"
#include "tests/actors/distributed/loop_cluster.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <cmath>

using namespace syngrad;
using namespace syngrad::test;

namespace {

using standing = seated_nodes::standing;

seated_node node_named(std::uint8_t number, const std::string& name) {
  seated_node out;
  out.who.node = number;
  out.who.name = name;
  return out;
}

// Two nodes, a and b: group 0 (12 MB of weights) and groups 1 and 2 (3 MB each), and a clock of its own.
struct two_senders {
  cpu_device cpu;
  seated_nodes nodes{{node_named(1, "a"), node_named(2, "b")}};
  std::vector<std::string> told;
  std::map<std::string, std::size_t> traces;
  result_gathering::clock::time_point now;
  std::optional<result_gathering> gathering;

  void begin(std::uint64_t trace_bytes = 0, int interrupts = 0) {
    result_gathering::setup setup;
    setup.nodes = &nodes;
    setup.host = &cpu;
    setup.places = {{1, "cpu"}, {2, "cpu"}, {2, "cpu"}};
    setup.weight_bytes = {12'000'000, 3'000'000, 3'000'000};
    setup.trace_bytes = trace_bytes;
    setup.patience_s = 20;
    setup.on_trace = [this](const std::string& node, const trace_part& part) { traces[node] += part.bytes.size(); };
    setup.notice = [this](const std::string& line) { told.push_back(line); };
    gathering.emplace(std::move(setup), interrupts, now);
  }
  void pass(double seconds) {
    for (; seconds > 1; --seconds) jump(1);
    jump(seconds);
  }
  void jump(double seconds) { // as if this process stood still
    now += std::chrono::milliseconds(std::lround(1000 * seconds));
    happens(nothing_happened{});
  }
  void happens(const run_event& event) { gathering->take(event, now); }
  template <class M>
  void say(std::uint8_t node, const M& message) {
    happens(node_said{node, encode(message)});
  }
  void say_weights(std::uint8_t node, const std::string& name, std::int64_t elements) {
    say(node, weights_part{name, dtype::f32, {elements}, std::vector<char>(static_cast<std::size_t>(4 * elements))});
  }
  void say_all(std::uint8_t node) {
    if (node == 1) {
      say_weights(1, "0.weight", 3'000'000);
    } else {
      say_weights(2, "1.weight", 750'000);
      say_weights(2, "2.weight", 750'000);
    }
    say(node, done{});
  }
};

} // namespace

TEST_CASE("what all nodes send is kept, without a word where it takes less than two seconds") {
  two_senders test;
  test.begin();
  test.pass(1.9);
  test.say_all(1);
  REQUIRE_FALSE(test.gathering->over());
  REQUIRE(test.gathering->has_all_of(1));
  REQUIRE_FALSE(test.gathering->has_all_of(2));
  test.say_all(2);
  REQUIRE(test.gathering->over());
  REQUIRE(test.gathering->missing() == "");
  REQUIRE(test.told.empty());
  const auto weights = test.gathering->weights();
  REQUIRE(weights.size() == 3);
  REQUIRE(weights[0].name == "0.weight");
  REQUIRE(weights[0].value.extents() == shape{3'000'000});
}

TEST_CASE("where it takes longer, what has come of each node is said after two seconds and then each five") {
  two_senders test;
  test.begin(1'000'000'000);
  test.say_weights(2, "1.weight", 750'000);
  test.pass(2);
  REQUIRE(test.told == std::vector<std::string>{"fetching weights of a: 0.0 of 12 MB, weights of b: 3.0 of 6.0 MB"});
  test.say_weights(2, "2.weight", 750'000);
  test.pass(4.9);
  REQUIRE(test.told.size() == 1);
  test.say(2, trace_part{"node2-000000.trace", std::vector<char>(1'500'000)});
  test.pass(0.1);
  REQUIRE(test.told.size() == 2);
  REQUIRE(test.told[1] == "fetching weights of a: 0.0 of 12 MB, the trace of b: 1.5 MB so far");
  REQUIRE(test.traces.at("b") == 1'500'000);
}

TEST_CASE("a node that is silent for too long is not waited for, one that sends something is") {
  two_senders test;
  test.begin();
  test.pass(15);
  test.say_weights(2, "1.weight", 750'000);
  test.pass(5.1);
  REQUIRE(std::count(test.told.begin(), test.told.end(), "node a is not waited for any more: it was silent for 20 s") ==
          1);
  REQUIRE_FALSE(test.gathering->over());
  test.pass(14.8);
  REQUIRE_FALSE(test.gathering->over());
  test.pass(0.2);
  REQUIRE(test.gathering->over());
  REQUIRE(test.gathering->missing() ==
          "not saved here: the weights of group 0 (node a: it was silent for 20 s), groups "
          "1, 2 (node b: it was silent for 20 s)");
  REQUIRE(test.gathering->weights().size() == 1);
}

TEST_CASE("while this process itself stood still nobody was silent") {
  two_senders test;
  test.begin();
  test.pass(15);
  test.jump(3600);
  test.pass(4);
  REQUIRE_FALSE(test.gathering->over());
  test.pass(2);
  REQUIRE(test.gathering->over());
}

TEST_CASE("the second interrupt of a run ends the gathering at once, and what came is kept") {
  const int before = GENERATE(0, 1, 2);
  CAPTURE(before);
  two_senders test;
  test.begin(0, before);
  if (before == 2) {
    REQUIRE(test.gathering->over());
    REQUIRE(test.gathering->weights().empty());
    return;
  }
  test.say_all(2);
  for (int i = before; i < 2; ++i) {
    REQUIRE_FALSE(test.gathering->over());
    test.happens(interrupt_run{});
  }
  REQUIRE(test.gathering->over());
  REQUIRE(test.told.size() == (before == 0 ? 1 : 0));
  REQUIRE(test.gathering->missing() == "not saved here: the weights of group 0 (node a: interrupted)");
  REQUIRE(test.gathering->weights().size() == 2);
  REQUIRE_FALSE(test.gathering->has_all_of(1));
  REQUIRE(test.gathering->has_all_of(2));
}

TEST_CASE("more weights than a node's groups have close it, with a line, and what came before is kept") {
  two_senders test;
  test.begin();
  test.say_weights(1, "0.weight", 2'000'000);
  test.say_weights(1, "0.bias", 1'000'001);
  REQUIRE(test.told ==
          std::vector<std::string>{"node a is closed: it sent more weights than its groups have, 12000000 bytes"});
  REQUIRE(test.nodes.find(1)->lost());
  test.say_weights(1, "0.bias", 1'000'000); // not heard any more
  REQUIRE(test.told.size() == 1);
  test.say_all(2);
  REQUIRE(test.gathering->over());
  REQUIRE(test.gathering->missing() ==
          "not saved here: the weights of group 0 (node a: it sent more weights than its groups have, 12000000 bytes)");
  REQUIRE(test.gathering->weights().size() == 3);
}

TEST_CASE("pieces without bytes do not come without end, and extents that are not those of the bytes close the node") {
  two_senders test;
  test.begin(1000);
  for (int i = 0; i < 1000; ++i) test.say(1, trace_part{"t", {}});
  REQUIRE(test.told.empty());
  test.say(1, trace_part{"t", {}});
  REQUIRE(test.told.back() == "node a is closed: it sent more of a trace than --trace-limit allows");
  test.say(2, weights_part{"1.weight", dtype::f32, {5}, std::vector<char>(24)});
  REQUIRE(test.told.back() == "node b is closed: the weights '1.weight' came with a wrong size: is every process the "
                              "same build?");
  REQUIRE(test.gathering->over());
}

TEST_CASE("a trace beyond its limit, or one that nobody asked for, closes the node") {
  two_senders test;
  const std::uint64_t limit = GENERATE(0, 1000);
  CAPTURE(limit);
  test.begin(limit);
  test.say_weights(2, "1.weight", 750'000);
  if (limit > 0) test.say(2, trace_part{"t", std::vector<char>(1000)});
  REQUIRE(test.told.empty());
  test.say(2, trace_part{"t", std::vector<char>(1)});
  REQUIRE(test.told == std::vector<std::string>{
                         std::string("node b is closed: it sent ") +
                         (limit == 0 ? "a trace that nobody asked for" : "more of a trace than --trace-limit allows")});
  REQUIRE(test.nodes.find(2)->lost());
  REQUIRE(test.traces["b"] == limit);
}

TEST_CASE("a node that dies while its weights are fetched is missing, and one that was lost before is not waited for") {
  two_senders test;
  test.nodes.find(2)->reaches(standing::lost);
  test.begin();
  test.happens(peer_dead{1, "its port refuses", 0.5});
  REQUIRE(test.gathering->over());
  REQUIRE(test.told.back() ==
          "node a is gone: its port refuses (last heard of 0.5 s ago); lost with it: the weights of group 0");
  REQUIRE(test.gathering->missing() == "not saved here: the weights of group 0 (node a: its port refuses)");
}

TEST_CASE("a run whose node sends too much fails with the groups that are missing, and that node keeps its own") {
  loop_cluster test{loop_cluster::four_groups("synthetic"), {1, 2, 2, 3}};
  test.prepare = [](conductor_setup& setup) { setup.weight_bytes[2] -= 4; };
  const auto out = test.run();
  REQUIRE(out.summary.end == run_end::failed);
  REQUIRE(out.summary.steps == 30);
  REQUIRE(out.summary.failure.starts_with("not saved here: the weights of groups 1, 2 (node b: it sent more weights "));
  REQUIRE(out.gathered.contains("0.weight"));
  REQUIRE_FALSE(out.nodes.at(2).delivered);
  REQUIRE(out.kept.at(2).contains("2.weight"));
  REQUIRE(out.nodes.at(1).delivered);
  REQUIRE(out.nodes.at(3).delivered);
}
