// A run over several processes that makes no progress: one report, with what every process waits for.
#include "actors/distributed/process_part.hpp"
#include "tests/actors/distributed/loop_cluster.hpp"
#include "tests/actors/probe_layer.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <future>
#include <utility>

using namespace syngrad;
using namespace syngrad::test;

namespace {

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const auto& each : lines) text += each + "\n";
  return text;
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// Of the report: what is said of one process.
std::string section(const std::vector<std::string>& told, const std::string& process) {
  std::string text;
  bool inside = false;
  for (const auto& line : told) {
    if (line.starts_with("  on ")) inside = line.starts_with("  on " + process + ":");
    if (inside) text += line + "\n";
  }
  return text;
}

loop_cluster hanging(const std::string& policy) {
  loop_cluster test{loop_cluster::four_groups(policy), {1, 2, 2, 3}};
  test.settings.hang_after_s = 0.3;
  return test;
}

} // namespace

TEST_CASE("a group that never ends its batch is named with its node, and so is who waits for it on every other one") {
  std::promise<void> released;
  const auto never = released.get_future().share();
  auto test = hanging("locked");
  test.change = [never](network& net) {
    net.units[2].push_back(std::make_unique<probe_layer>(4, [never](int batch) {
      if (batch == 5) never.wait();
    }));
  };
  bool told = false; // whatever the report says: the group goes on with its last section
  test.on_line = [&](loop_peers&, const std::string& line) {
    if (line.starts_with("  on node c:") && !std::exchange(told, true)) released.set_value();
  };
  const auto out = test.run();
  CAPTURE(joined(out.told));
  REQUIRE(out.summary.end == run_end::hung);
  // At least the patience; more where this machine was slow, for a step may take three times the longest so far.
  const std::string begins = "no progress for ", ends = " s (--hang-after)";
  REQUIRE(out.summary.failure.starts_with(begins));
  REQUIRE(out.summary.failure.ends_with(ends));
  const auto limit =
    out.summary.failure.substr(begins.size(), out.summary.failure.size() - begins.size() - ends.size());
  REQUIRE(std::stoi(limit) >= 1);
  REQUIRE(out.summary.steps == 5);
  REQUIRE(out.told.front() == begins + limit + " s; who waits for whom:");
  REQUIRE(has(section(out.told, "the coordinator"), "coordinator: training, 5 batches done"));
  REQUIRE(has(section(out.told, "the coordinator"), "peer 2: connected"));
  REQUIRE(has(section(out.told, "node a"), "group 0: waits, in the turn of batch 5, for a gradient from group 1"));
  const auto b = section(out.told, "node b");
  REQUIRE(has(b, "group 2: does not answer: in a handler, or no thread is free"));
  REQUIRE(has(b, "group 1: waits, in the turn of batch 5, for a gradient from group 2"));
  REQUIRE(has(section(out.told, "node c"), "group 3: waits for an activation from group 2"));
  REQUIRE(has(b, "link group 2 -> group 3: has nothing to send; session 1 is up, heard of "));
  REQUIRE(out.gathered.size() == 17);
  for (const auto& [node, outcome] : out.nodes) REQUIRE(outcome.end == run_end::hung);
}

TEST_CASE("a link that is down is named on both of its nodes, with what it still has to bring") {
  auto test = hanging("locked");
  test.meanwhile = [](loop_peers& peers, const auto&) { peers.cut(1, 2); };
  test.on_line = [](loop_peers& peers, const std::string& line) {
    if (line.starts_with("  on node c:")) peers.mend(1, 2);
  };
  const auto out = test.run();
  CAPTURE(joined(out.told));
  REQUIRE(out.summary.end == run_end::hung);
  const auto a = section(out.told, "node a");
  REQUIRE(has(a, "group 0: waits, in the turn of batch 9, for a gradient from group 1"));
  const auto link = a.substr(std::min(a.size(), a.find("link group 0 -> group 1: ")));
  REQUIRE(link.starts_with("link group 0 -> group 1: waits for a connection to the other end (the test cut it), "));
  REQUIRE(link.find(" messages are not there yet (") < link.find('\n'));
  REQUIRE(link.find(" of credit left); session 1 is down, heard of ") < link.find('\n'));
  REQUIRE(has(a, "peer 2: away"));
  const auto b = section(out.told, "node b");
  REQUIRE(has(b, "group 1: waits for an activation from group 0; a neighbour is not to be reached"));
  REQUIRE(has(b, "link group 0 -> group 1: waits for a connection to the other end (the test cut it)"));
}

TEST_CASE("a node that does not answer is named as such after two seconds, and the others are heard") {
  auto test = hanging("synthetic");
  test.settings.steps = 1'000'000'000;
  test.meanwhile = [](loop_peers& peers, const auto&) { peers.cut(0, 2); };
  test.on_line = [](loop_peers& peers, const std::string& line) {
    if (line.starts_with("  on node c:")) peers.mend(0, 2);
  };
  const auto out = test.run();
  CAPTURE(joined(out.told));
  REQUIRE(out.summary.end == run_end::hung);
  const auto b = section(out.told, "node b");
  const std::string silent = "  on node b: no answer for ";
  REQUIRE(b.starts_with(silent));
  REQUIRE(std::stod(b.substr(silent.size())) >= 2);
  REQUIRE(has(section(out.told, "the coordinator"), "peer 2: away"));
  REQUIRE(has(section(out.told, "node a"), "group 0: "));
  REQUIRE(has(section(out.told, "node c"), "group 3: "));
  REQUIRE(out.gathered.size() == 17);
}

TEST_CASE("a node whose coordinator is gone says itself who waited for whom") {
  auto test = hanging("synthetic");
  test.settings.steps = 1'000'000'000;
  test.meanwhile = [](loop_peers& peers, const auto& inboxes) {
    peers.kill(2);
    caf::anon_send(inboxes.at(2), peer_dead{0, "killed by the test", 0});
  };
  const auto out = test.run();
  const auto there = joined(out.told_there.at(2));
  CAPTURE(there);
  REQUIRE(has(there, "who waited for whom here:\n  group 1: "));
  REQUIRE(has(there, "\n  link group 1 -> group 0: "));
  REQUIRE(has(there, "\n  peer 0: connected\n"));
  REQUIRE_FALSE(has(joined(out.told_there.at(1)), "who waited")); // the coordinator ended its part
}

TEST_CASE("a process's lines have a bound, whoever sends them, and no control characters") {
  const std::vector<std::string> lines(100, std::string(1000, 'x'));
  const auto text = to_waits_text(lines);
  REQUIRE(text.size() <= longest_waits_text);
  const auto back = read_waits_text(text);
  REQUIRE(back.size() == 33);
  REQUIRE(back[31] == lines[0]);
  REQUIRE(back[32] == "and 68 more lines");
  REQUIRE(to_waits_text({"one", "two"}) == "one\ntwo\n");
  REQUIRE(read_waits_text("a\x1b[2J\nb\r\n\xc3\xa4") == std::vector<std::string>{"a?[2J", "b?", "\xc3\xa4"});
  REQUIRE(read_waits_text(std::string(10 * longest_waits_text, 'y')).front().size() == longest_waits_text);
}
