// Runs on machines that are not there take the time that arithmetic says.
#include "actors/simulation/measured_crossing.hpp"
#include "actors/simulation/simulated_run.hpp"
#include "tests/support/catch.hpp"

#include <limits>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

using namespace syngrad;

namespace {

// Groups with passes of a second each, in processes of their own with a thread each.
simulated_setup chain(const std::string& policy, int groups, std::int64_t steps = 200) {
  simulated_setup out;
  out.settings.policy = policy;
  out.settings.split.assign(static_cast<std::size_t>(groups), 1);
  out.settings.steps = steps;
  out.settings.batch_size = 4;
  out.settings.threads = 1;
  out.settings.credits = 8; // with 2 delayed gradients come in pairs, for which its groups wait
  for (int i = 0; i < groups; ++i) {
    out.groups.push_back({.forward = 1, .input_gradient = i > 0 ? 1.0 : 0.0, .parameter_gradient = 1});
    out.processes.push_back({.threads = 1, .multiply_adds_per_s = 1, .machine = i});
    out.process_of.push_back(i);
  }
  out.handling_s = 0;
  return out;
}

double total(const simulated_setup& of) {
  return std::accumulate(of.groups.begin(), of.groups.end(), 0.0, [](double sum, const group_work& each) {
    return sum + each.forward + each.input_gradient + each.parameter_gradient;
  });
}

} // namespace

TEST_CASE("simulated, locked waits for every group and every way, whatever has threads") {
  auto of = chain("locked", 4, 20);
  CHECK(simulate(of).step_s == Approx(total(of)));
  of.links.assign(3, {.delay_ns = 500'000'000});
  // Up and down over three interfaces; the batch that follows waits in the lowest group already.
  const auto far = simulate(of);
  CHECK(far.step_s == Approx(total(of) + 2 * 3 * 0.5));
  for (std::size_t i = 0; i < 4; ++i) CHECK(far.groups[i].staleness == 0);
  of.links.clear();
  of.processes.assign(1, {.threads = 8, .multiply_adds_per_s = 1, .machine = 0});
  of.process_of.assign(4, 0);
  CHECK(simulate(of).step_s == Approx(total(of)));
}

TEST_CASE("simulated, who does not wait is as fast as the slowest group, and links take nothing that credits cover") {
  const std::pair<const char*, double> slowest[] = {{"synthetic", 3}, {"delayed", 3}, {"corrected", 4}, {"local", 2}};
  for (const auto& [policy, step_s] : slowest) {
    INFO(policy);
    auto of = chain(policy, 4);
    const auto near = simulate(of);
    CHECK(near.step_s == Approx(step_s).epsilon(0.02));
    CHECK(near.busy[1] > 0.95);
    CHECK(near.groups[1].updates >= of.settings.steps);
    of.links.assign(3, {.delay_ns = 10'000'000'000});
    of.settings.credits = 32;
    CHECK(simulate(of).step_s == Approx(step_s).epsilon(0.05));
    of.settings.credits = 2; // two batches for a way up and a credit's way down
    CHECK(simulate(of).step_s > 9);
  }
}

TEST_CASE("simulated, gradients of delayed come as late as the chain is long, those of synthetic at once") {
  auto of = chain("delayed", 4);
  of.settings.deterministic = true;
  const auto late = simulate(of);
  for (std::size_t i = 0; i < 4; ++i)
    CHECK(late.groups[i].staleness == Approx(2.0 * static_cast<double>(3 - i)).epsilon(0.05));
  of.settings.policy = "synthetic";
  for (const auto& each : simulate(of).groups) CHECK(each.staleness == 0);
  of.settings.policy = "delayed";
  of.settings.deterministic = false;
  of.links.assign(3, {.delay_ns = 30'000'000'000}); // ten steps each way
  of.settings.credits = 64;
  CHECK(simulate(of).groups[0].staleness > 50);
}

TEST_CASE("simulated, predictions and lessons take their time, and threads of their own where there are some") {
  auto of = chain("synthetic", 3);
  for (auto& each : of.groups) each.train_predictor = 2;
  of.groups.back().train_predictor = 0;
  CHECK(simulate(of).step_s == Approx(5)); // of the middle group
  for (auto& each : of.processes) each.threads = 2;
  CHECK(simulate(of).step_s == Approx(3).epsilon(0.02));
  for (auto& each : of.groups) each.predict = 0.5; // a batch's turn waits for it
  CHECK(simulate(of).step_s == Approx(3.5).epsilon(0.02));
}

TEST_CASE("simulated, bytes travel at the rate of their link, one after the other") {
  auto of = chain("synthetic", 2);
  of.groups[0].bytes_up = 60;
  of.groups[0].bytes_down = 40;
  of.links.assign(1, {.bytes_per_s = 10}); // 6 s up, 4 s down: at once
  const auto slow = simulate(of);
  CHECK(slow.step_s == Approx(6).epsilon(0.02));
  CHECK(slow.groups[0].bytes_up_a_step == Approx(60));
  CHECK(slow.groups[0].bytes_down_a_step == Approx(40));
  of.links.clear();
  CHECK(simulate(of).step_s == Approx(3).epsilon(0.02));
}

TEST_CASE("simulated, processes share the cores of their machine, and a slow one holds up the others") {
  auto of = chain("synthetic", 4);
  for (auto& each : of.processes) each.machine = 0;
  of.cores = {2};
  CHECK(simulate(of).step_s == Approx(total(of) / 2).epsilon(0.02));
  of.cores = {4};
  of.processes[2].multiply_adds_per_s = 0.25;
  CHECK(simulate(of).step_s == Approx(12));
}

TEST_CASE("simulated, a longer run goes on as in the middle, and the same setup takes the same time") {
  auto of = chain("synthetic", 3, 100);
  const auto part = simulate(of);
  CHECK(part.seconds == simulate(of).seconds);
  of.settings.steps = 1000;
  CHECK(simulate(of).seconds == Approx(part.seconds_of(1000)).epsilon(0.001));
}

TEST_CASE("simulated, messages between processes take time at both ends, beside the threads") {
  auto of = chain("locked", 4, 20);
  of.crossing.message_s = 0.25;
  const auto near = simulate(of);
  CHECK(near.step_s == Approx(total(of) + 2 * 3 * 2 * 0.25)); // up and down over three interfaces
  CHECK(near.network_busy[1] > near.network_busy[0]);
  for (auto& each : of.groups) each.bytes_up = each.bytes_down = 100;
  of.crossing = {.message_s = 0, .byte_s = 0.0025};
  CHECK(simulate(of).step_s == Approx(near.step_s));
  of.processes[3].speed = 0.5; // its ends of two crossings
  CHECK(simulate(of).step_s == Approx(near.step_s + 2 * 0.25));
  of.process_of.assign(4, 0); // nothing crosses
  CHECK(simulate(of).step_s == Approx(total(of)));
}

TEST_CASE("simulated, links have cores of their own, or share those of their machine") {
  auto of = chain("synthetic", 2);
  of.crossing.message_s = 0.25;
  CHECK(simulate(of).step_s == Approx(3).epsilon(0.02)); // of the slower group
  for (auto& each : of.processes) each.machine = 0;
  of.cores = {1};
  // An activation up, a gradient and a credit down, with two ends each.
  CHECK(simulate(of).step_s == Approx(total(of) + 3 * 2 * 0.25).epsilon(0.02));
}

TEST_CASE("what a message between processes costs is found here, with TLS and without") {
  for (const bool secured : {false, true}) {
    CAPTURE(secured);
    const auto found = measure_crossing({}, std::size_t{1} << 19, secured);
    REQUIRE(found);
    CHECK(found->message_s > 1e-6);
    CHECK(found->message_s < 1e-2);
    CHECK(found->byte_s > 1e-11);
    CHECK(found->byte_s < 1e-7);
  }
}

TEST_CASE("simulated, a process that is away stops who waits for it, for as long") {
  auto of = chain("locked", 3, 40);
  const auto whole = simulate(of);
  of.failures = {{.process = 2, .at_s = 50.5, .down_s = 30}};
  const auto late = simulate(of);
  CHECK(late.steps == 40);
  CHECK(late.seconds > whole.seconds + 30 - total(of));
  CHECK(late.seconds <= whole.seconds + 30);
  CHECK(late.failures == std::vector{0, 0, 1});
  CHECK(late.away_s[2] == Approx(30));
  for (const auto& each : late.groups) CHECK(each.alone == 0);
}

TEST_CASE("simulated, groups below a process that is away go on alone, as far as they may") {
  auto of = chain("synthetic", 3, 100);
  of.failures = {{.process = 2, .at_s = 60.5, .down_s = 31}};
  of.settings.max_alone = 0;
  const auto waits = simulate(of);
  CHECK(waits.groups[1].alone == 0);
  of.settings.max_alone = 4;
  const auto some = simulate(of);
  CHECK(some.groups[1].alone == 4);
  CHECK(some.groups[0].alone == 0);
  CHECK(some.steps == 100); // others were made in their place
  CHECK(some.groups[0].updates == 104);
  of.settings.max_alone = 1000;
  const auto all = simulate(of);
  CHECK(all.groups[1].alone > 7);
  CHECK(all.groups[1].alone <= 11); // of three seconds each
  CHECK(all.groups[1].updates == 100 + all.groups[1].alone);
  CHECK(all.groups[2].updates == 100);
}

TEST_CASE("simulated, a process that never comes back ends the run; failures that are drawn come on the mean") {
  auto of = chain("synthetic", 3, 100);
  of.settings.max_alone = 10;
  of.failures = {{.process = 2, .at_s = 60.5, .down_s = std::numeric_limits<double>::infinity()}};
  const auto cut = simulate(of);
  CHECK(cut.is_cut_short);
  CHECK(cut.steps > 10);
  CHECK(cut.steps < 25);
  CHECK(cut.groups[1].alone == 10);
  of = chain("locked", 3, 4000);
  of.mtbf_s = 400;
  of.down_s = 10;
  const auto drawn = simulate(of);
  CHECK(drawn.steps == 4000);
  for (std::size_t i = 0; i < 3; ++i) {
    const auto wanted = drawn.seconds / (of.mtbf_s + of.down_s);
    CHECK(drawn.failures[i] == Approx(wanted).epsilon(0.4));
    CHECK(drawn.away_s[i] == Approx(10.0 * drawn.failures[i]).margin(10));
  }
  CHECK(simulate(of).seconds == drawn.seconds);
}
