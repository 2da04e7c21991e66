// Runs over several "processes" with inboxes, plans and threads of their own, joined by loops instead of a network.
#include "models/layers/linear.hpp"
#include "runtime/cpu/cpu_device.hpp"
#include "tests/actors/distributed/loop_cluster.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <future>
#include <memory>
#include <thread>

using namespace syngrad;
using namespace syngrad::test;

namespace {

loop_cluster::weights plain_weights(const training_settings& settings) {
  cpu_device cpu;
  auto run = training::prepare(settings, std::move(*make_network(loop_cluster::model)), loop_cluster::data(), cpu);
  (*run)->run();
  return loop_cluster::by_name((*run)->weights());
}

} // namespace

TEST_CASE("three nodes and a coordinator have the weights of a single process, bit for bit, for every policy") {
  const std::string policy = GENERATE("locked", "synthetic", "corrected", "delayed");
  const auto node_of = GENERATE(values<std::vector<std::uint8_t>>({{1, 2, 2, 3}, {0, 1, 0, 2}, {2, 1, 2, 1}}));
  CAPTURE(policy, node_of.front());
  const auto settings = loop_cluster::four_groups(policy);
  const auto out = loop_cluster{settings, node_of}.run();
  REQUIRE(out.summary.failure == "");
  REQUIRE(out.summary.end == run_end::finished);
  REQUIRE(out.summary.steps == 30);
  REQUIRE(out.summary.groups.size() == 4);
  REQUIRE(out.gathered == plain_weights(settings));
  for (const auto& [node, outcome] : out.nodes) {
    REQUIRE(outcome.end == run_end::finished);
    REQUIRE(outcome.delivered);
    REQUIRE(outcome.stuck.empty());
  }
}

TEST_CASE(
  "gradients that are not wanted save the bytes that they take, and what is reported as saved is what is missing") {
  auto settings = loop_cluster::four_groups("synthetic");
  const auto all = loop_cluster{settings, {1, 2, 2, 3}}.run().summary.groups;
  settings.gradients.every = 5;
  const auto out = loop_cluster{settings, {1, 2, 2, 3}}.run();
  REQUIRE(out.gathered == plain_weights(settings));
  const auto& some = out.summary.groups;
  for (std::size_t i = 0; i < 4; ++i) {
    CAPTURE(i);
    REQUIRE(some[i].samples == 30 * 4);
    REQUIRE(some[i].bytes_from_below == all[i].bytes_from_below);
    REQUIRE(some[i].bytes_from_above + some[i].bytes_saved == all[i].bytes_from_above);
    REQUIRE(all[i].bytes_saved == 0);
    const bool link_below = i != 2, link_above = i == 0 || i == 2; // group 2 is beside group 1
    REQUIRE((some[i].bytes_from_below > 0) == link_below);
    REQUIRE((some[i].bytes_from_above > 0) == link_above);
    // 24 of 30 gradients of [4, 4] f32, and what describes the tensor beyond "none".
    if (link_above) REQUIRE(some[i].bytes_saved >= 24 * 4 * 4 * 4);
  }
}

TEST_CASE("the summary has what every process's devices hold, and the sum of all") {
  const auto settings = loop_cluster::four_groups("synthetic");
  const auto summary = loop_cluster{settings, {1, 2, 2, 2}}.run().summary;
  REQUIRE(summary.memory.size() == 3);
  REQUIRE(summary.memory.back().node == "coordinator"); // by name: after a and b
  std::map<std::string, std::uint64_t> held;
  std::uint64_t all = 0;
  for (const auto& each : summary.memory) {
    REQUIRE(each.device == "cpu");
    held[each.node] = each.bytes;
    all += each.bytes;
  }
  REQUIRE(held["a"] > 0);
  REQUIRE(held["b"] > held["a"]); // it has three groups, and the other one has one
  REQUIRE(summary.device_bytes == all);
}

TEST_CASE("a node that builds something else is found before the training, with a line that names both sides") {
  auto test = loop_cluster{loop_cluster::four_groups("synthetic"), {1, 1, 2, 2}};
  test.spoil = [](training_settings& settings, int node) { settings.seed += node == 2; };
  const auto out = test.run();
  REQUIRE(out.summary.end == run_end::failed);
  REQUIRE(out.summary.failure.starts_with("group 2 is not the same on the coordinator and on node b (hashes "));
  REQUIRE(out.summary.steps == 0);
  for (const auto& [node, outcome] : out.nodes) REQUIRE(outcome.why == out.summary.failure);
}

TEST_CASE("a node whose weights begin elsewhere is found, though all shapes and settings are the same") {
  auto test = loop_cluster{loop_cluster::four_groups("locked"), {1, 1, 2, 2}};
  test.change_at = [](network& net, int node) {
    if (node == 2) net.units[3][0] = std::make_unique<linear>(4, 3, true, linear::start::zero);
  };
  const auto out = test.run();
  REQUIRE(out.summary.end == run_end::failed);
  REQUIRE(out.summary.failure.starts_with("group 3 is not the same on the coordinator and on node b (hashes "));
  REQUIRE(out.summary.steps == 0);
}

TEST_CASE("a node that cannot build ends the run with its reason") {
  auto test = loop_cluster{loop_cluster::four_groups("synthetic"), {1, 1, 2, 2}};
  test.spoil = [](training_settings& settings, int node) { settings.steps = node == 1 ? -1 : settings.steps; };
  const auto out = test.run();
  REQUIRE(out.summary.failure == "node a cannot build its groups: out of everything");
  REQUIRE(out.nodes.at(2).end == run_end::failed);
}

TEST_CASE("a dead node ends the run: one line, and all other weights are saved, here and there") {
  auto test = loop_cluster{loop_cluster::four_groups("synthetic"), {1, 2, 2, 3}};
  test.settings.steps = 1'000'000'000;
  test.meanwhile = [](loop_peers& peers, const auto&) { peers.kill(2); };
  // The "killed" thread of node 2 has to end, too: it hears that the coordinator is gone.
  const auto meanwhile = test.meanwhile;
  test.meanwhile = [meanwhile](loop_peers& peers, const auto& inboxes) {
    meanwhile(peers, inboxes);
    caf::anon_send(inboxes.at(2), peer_dead{0, "killed by the test", 0});
  };
  const auto out = test.run();
  REQUIRE(out.summary.end == run_end::failed);
  REQUIRE(out.summary.failure ==
          "node b is gone: killed by the test (last heard of 0.5 s ago); lost with it: the weights of groups 1, 2");
  REQUIRE(out.summary.steps >= 9);
  REQUIRE(out.gathered.contains("0.weight"));
  REQUIRE(out.kept.at(1).contains("0.weight"));
  REQUIRE(out.nodes.at(1).end == run_end::failed);
  REQUIRE(out.nodes.at(3).end == run_end::failed);
  REQUIRE(out.nodes.at(2).why.starts_with("the coordinator is gone: killed by the test"));
}

TEST_CASE("an interrupt ends the run in order, at the coordinator and at a node") {
  const int at = GENERATE(0, 2);
  CAPTURE(at);
  auto test = loop_cluster{loop_cluster::four_groups("corrected"), {1, 2, 2, 1}};
  test.settings.steps = 1'000'000'000;
  test.meanwhile = [at](loop_peers&, const auto& inboxes) { caf::anon_send(inboxes.at(at), interrupt_run{}); };
  const auto out = test.run();
  REQUIRE(out.gathered.size() == plain_weights(loop_cluster::four_groups("locked")).size());
  for (const auto& [node, outcome] : out.nodes) {
    REQUIRE(outcome.delivered);
    REQUIRE(outcome.stuck.empty());
  }
  REQUIRE(out.summary.end == run_end::interrupted);
  REQUIRE(out.summary.failure == "");
  REQUIRE(out.summary.test["error"] >= 0); // the last evaluation was made
  for (const auto& [node, outcome] : out.nodes) REQUIRE(outcome.end == run_end::interrupted);
  REQUIRE(std::count(out.told.begin(), out.told.end(),
                     "node b was interrupted: the run ends after the batches in flight") == (at == 0 ? 0 : 1));
}

TEST_CASE("a signal that reaches every process is one request, whoever hears of it first") {
  const auto order = GENERATE(values<std::vector<int>>({{1, 2, 0}, {0, 1, 2}, {2, 0, 1}}));
  CAPTURE(order);
  auto test = loop_cluster{loop_cluster::four_groups("corrected"), {1, 2, 2, 1}};
  test.settings.steps = 1'000'000'000;
  test.meanwhile = [&order](loop_peers&, const auto& inboxes) {
    for (const int each : order) caf::anon_send(inboxes.at(each), interrupt_run{});
  };
  const auto out = test.run();
  REQUIRE(out.summary.end == run_end::interrupted);
  REQUIRE(out.summary.failure == "");
  REQUIRE(out.summary.test["error"] >= 0); // a second request would have given it up
  REQUIRE(out.gathered.size() == plain_weights(loop_cluster::four_groups("locked")).size());
  for (const auto& [node, outcome] : out.nodes) {
    REQUIRE(outcome.end == run_end::interrupted);
    REQUIRE(outcome.delivered);
  }
}

TEST_CASE("nodes save their weights, then send them, while the run goes on, as often as they are asked") {
  auto test = loop_cluster{loop_cluster::four_groups("synthetic"), {0, 1, 2, 2}};
  test.settings.steps = 1'000'000'000;
  std::vector<loop_cluster::weights> told;
  std::thread asking;
  test.meanwhile = [&](loop_peers&, const auto& inboxes) {
    asking = std::thread([&told, inbox = inboxes.at(0)] {
      for (int i = 0; i < 3; ++i) {
        weights_wanted wanted{std::make_shared<std::promise<result<std::vector<layer_group::named_tensor>>>>()};
        auto answer = wanted.answer->get_future();
        caf::anon_send(inbox, wanted);
        told.push_back(loop_cluster::by_name(*answer.get()));
      }
      caf::anon_send(inbox, interrupt_run{});
    });
  };
  const auto out = test.run();
  asking.join();
  REQUIRE(out.summary.end == run_end::interrupted);
  REQUIRE(out.summary.failure == "");
  auto wanted = plain_weights(loop_cluster::four_groups("locked"));
  std::erase_if(wanted, [](const auto& each) { return each.first.starts_with("0.") || each.first.starts_with("1."); });
  REQUIRE(told.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    REQUIRE(told[i].size() == wanted.size());
    auto saved = out.saved.at(1).at(i);
    saved.merge(loop_cluster::weights(out.saved.at(2).at(i)));
    REQUIRE(saved == told[i]); // what is sent is what was saved
  }
}

TEST_CASE("of a node that is lost after it told its weights, those are left; without, none") {
  const bool asked = GENERATE(false, true);
  CAPTURE(asked);
  auto test = loop_cluster{loop_cluster::four_groups("synthetic"), {0, 1, 2, 2}};
  test.settings.steps = 1'000'000'000;
  std::thread asking;
  test.meanwhile = [&](loop_peers& peers, const auto& inboxes) {
    asking = std::thread([asked, &peers, inboxes] {
      weights_wanted wanted{std::make_shared<std::promise<result<std::vector<layer_group::named_tensor>>>>()};
      auto answer = wanted.answer->get_future();
      if (asked) {
        caf::anon_send(inboxes.at(0), wanted);
        answer.wait();
      }
      peers.kill(2);
      caf::anon_send(inboxes.at(2), peer_dead{0, "killed by the test", 0});
    });
  };
  const auto out = test.run();
  asking.join();
  REQUIRE(out.summary.end == run_end::failed);
  REQUIRE(out.gathered.contains("0.weight"));
  REQUIRE(out.gathered.contains("2.weight"));
  REQUIRE(out.gathered.contains("4.weight") == asked);
  REQUIRE((out.summary.failure.find("what is saved of them is older") != std::string::npos) == asked);
  if (asked) REQUIRE(out.gathered.at("4.weight") == out.saved.at(2).at(0).at("4.weight"));
}

TEST_CASE("weights that cannot be had are answered with the reason: a node that goes meanwhile, a run that has ended") {
  auto test = loop_cluster{loop_cluster::four_groups("synthetic"), {0, 1, 2, 2}};
  test.settings.steps = 1'000'000'000;
  std::string why;
  std::thread asking;
  test.meanwhile = [&](loop_peers& peers, const auto& inboxes) {
    peers.kill(2);
    caf::anon_send(inboxes.at(2), peer_dead{0, "killed by the test", 0});
    asking = std::thread([&why, inboxes] {
      weights_wanted wanted{std::make_shared<std::promise<result<std::vector<layer_group::named_tensor>>>>()};
      auto answer = wanted.answer->get_future();
      caf::anon_send(inboxes.at(0), wanted);
      wanted.answer.reset(); // where nobody takes it any more, it is broken
      try {
        why = answer.get().message();
      } catch (const std::future_error&) {
        why = "nobody answers";
      }
    });
  };
  const auto out = test.run();
  REQUIRE(out.summary.end == run_end::failed);
  asking.join();
  const bool known = why == "groups 2, 3 (node b): it is gone" || why == "groups 2, 3 (node b): killed by the test" ||
                     why == "the training has ended, and its weights come now" || why == "nobody answers";
  CAPTURE(why);
  REQUIRE(known);
}

TEST_CASE("nodes are told whether what they sent is on the coordinator's disk, and keep theirs where it is not") {
  auto test = loop_cluster{loop_cluster::four_groups("synthetic"), {0, 1, 2, 2}};
  test.on_disk = GENERATE(false, true);
  const auto out = test.run();
  REQUIRE(out.summary.end == run_end::finished);
  for (const auto& [node, outcome] : out.nodes) REQUIRE(outcome.delivered == test.on_disk);
}

TEST_CASE("a node whose starter is gone, or that is interrupted twice, leaves at once with its weights") {
  const bool twice = GENERATE(false, true);
  CAPTURE(twice);
  auto test = loop_cluster{loop_cluster::four_groups("synthetic"), {1, 2, 2, 1}};
  test.settings.steps = 1'000'000'000;
  test.meanwhile = [twice](loop_peers& peers, const auto& inboxes) {
    peers.kill(2); // nobody hears of it any more
    if (twice) {
      caf::anon_send(inboxes.at(2), interrupt_run{});
      caf::anon_send(inboxes.at(2), interrupt_run{});
    } else {
      caf::anon_send(inboxes.at(2), starter_gone{});
    }
  };
  const auto out = test.run();
  REQUIRE(out.nodes.at(2).end == (twice ? run_end::interrupted : run_end::failed));
  REQUIRE(out.nodes.at(2).why == (twice ? "interrupted twice" : "the process that started this node is gone"));
  REQUIRE(!out.nodes.at(2).delivered);
  REQUIRE(out.kept.at(2).contains("2.weight"));
}

TEST_CASE("an interrupt while a network is away ends the run without it, and saves what is reached") {
  const auto far = GENERATE(std::pair(0, 2), std::pair(1, 2)); // between which two processes it is away
  CAPTURE(far.first);
  auto test = loop_cluster{loop_cluster::four_groups("locked"), {1, 2, 2, 1}};
  test.settings.steps = 1'000'000'000;
  test.settings.hang_after_s = 0; // nothing else ends it
  test.prepare = [](conductor_setup& setup) { setup.order.peer_timeout_s = 0.5; };
  const auto a = static_cast<std::uint8_t>(far.first), b = static_cast<std::uint8_t>(far.second);
  const auto beyond = std::make_shared<caf::actor>();
  test.meanwhile = [a, b, beyond](loop_peers& peers, const auto& inboxes) {
    *beyond = inboxes.at(2);
    peers.cut(a, b);
    for (const auto& [here, other] : {std::pair(a, b), std::pair(b, a)}) {
      const auto told = std::make_shared<std::promise<std::string>>(); // everybody
      caf::anon_send(peers.peer(here, other), describe_request{told});
      told->get_future().wait();
    }
    caf::anon_send(inboxes.at(0), interrupt_run{});
  };
  // Where the coordinator reaches the node it is there for the end; else it finds the coordinator gone.
  test.on_line = [a, b, beyond](loop_peers& peers, const std::string& line) {
    if (a == 1 && line.starts_with("interrupted, and nothing goes on")) peers.mend(a, b);
    if (a == 0 && line.starts_with("node b is not waited for"))
      caf::anon_send(*beyond, peer_dead{0, "it has ended", 0});
  };
  const auto out = test.run();
  CAPTURE(out.summary.failure);
  REQUIRE(out.summary.end == run_end::interrupted);
  REQUIRE(out.gathered.contains("0.weight"));
  REQUIRE(out.kept.at(1).contains("0.weight"));
  REQUIRE(out.nodes.at(1).delivered);
  REQUIRE(out.nodes.at(2).delivered == (a == 1));
  REQUIRE(out.summary.failure.empty() == (a == 1));
  REQUIRE_FALSE(out.kept.at(2).empty());
  if (a == 0)
    REQUIRE(out.summary.failure == "not saved here: the weights of groups 1, 2 (node b: interrupted while its "
                                   "connection was lost)");
}
