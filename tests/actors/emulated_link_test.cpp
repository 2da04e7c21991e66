// Networks that are emulated between the groups of one process: what they are told, when messages arrive, and that runs
// end in order whatever the links do.
#include "actors/emulated_network.hpp"
#include "actors/group_outline.hpp"
#include "actors/link_times.hpp"
#include "actors/run_check.hpp"
#include "actors/update_policy.hpp"
#include "runtime/cpu/cpu_device.hpp"
#include "runtime/trace/trace_recorder.hpp"
#include "runtime/trace/trace_vocabulary.hpp"
#include "tests/actors/scheduled_run.hpp"
#include "tests/actors/threaded_run.hpp"
#include "tests/actors/toy_runs.hpp"
#include "tests/runtime/io/temporary_folder.hpp"
#include "tests/support/catch.hpp"
#include "tools/trace/trace_run.hpp"

#include <map>

using namespace syngrad;
using namespace syngrad::test;

namespace {

emulated_network network_of(const std::string& text) {
  const auto read = emulated_network::parse(text);
  REQUIRE(read);
  return *read;
}

training_settings linked(const std::string& policy, std::int64_t steps, const std::string& link) {
  auto settings = four_groups(policy, steps);
  settings.link = network_of(link);
  return settings;
}

std::string refusal_of(const training_settings& settings) {
  const auto good = check_settings(settings);
  return good ? "" : good.message();
}

constexpr std::int64_t ms = 1'000'000;

} // namespace

TEST_CASE("terms say what lies at each interface, and what names one counts before what names all") {
  const auto network = network_of("delay@*:10ms,delay@1:1.5s,rate@1:10MB/s,jitter@0:1..20ms,jitter@2:3ms,loss@2:1%");
  CHECK(network.at(0).delay_ns == 10 * ms);
  CHECK(network.at(0).least_jitter_ns == 1 * ms);
  CHECK(network.at(0).most_jitter_ns == 20 * ms);
  CHECK(network.at(0).bytes_per_s == 0);
  CHECK(network.at(1).delay_ns == 1500 * ms);
  CHECK(network.at(1).bytes_per_s == 1e7);
  CHECK(network.at(2).least_jitter_ns == 0);
  CHECK(network.at(2).most_jitter_ns == 3 * ms);
  CHECK(network.at(2).loss == Approx(0.01));
  CHECK(network.at(7).delay_ns == 10 * ms);
  CHECK(network.highest_interface() == 2);
  CHECK(network.is_in_time());
  CHECK_FALSE(network.is_in_batches());
  CHECK(network_of(network.text()).at(1).delay_ns == 1500 * ms);
  CHECK(network_of("rate@0:8Mbit/s").at(0).bytes_per_s == 1e6);
  CHECK(network_of("jitter@0:500us..2ms").at(0).least_jitter_ns == 500'000);
  CHECK(network_of("delay@2:3b").at(2).delay_batches == 3);
  CHECK(network_of("delay@2:3b").is_in_batches());
  CHECK_FALSE(network_of("none").any());
  CHECK_FALSE(network_of("delay@*:0ms").at(0).takes_time());
}

TEST_CASE("what is no term is refused with an example") {
  const std::string text = GENERATE("delay", "delay@1", "delay:1@2", "delay@x:1ms", "delay@-1:1ms", "delay@1:5",
                                    "delay@1:5h", "delay@1:61s", "delay@1:-1ms", "delay@1:1.5b", "delay@1:257b",
                                    "jitter@1:20..1ms", "jitter@1:3b", "rate@1:10", "rate@1:0MB/s", "loss@1:51%",
                                    "loss@1:0.1", "speed@1:1ms", "delay@1:1ms,", "delay@1:infs", "delay@1:1e3ms");
  CAPTURE(text);
  const auto read = emulated_network::parse(text);
  REQUIRE_FALSE(read);
  CHECK(read.message().find("write for example delay@1:50ms") != std::string::npos);
  CHECK_FALSE(emulated_network::parse("delay@1:1ms,delay@1:2ms"));
}

TEST_CASE("a message passes after those before it, by the rate, and is then on the way for the delay") {
  link_times times({.delay_ns = 50 * ms, .bytes_per_s = 1e6}, random_source(1, 1));
  CHECK(times.arrival_ns(0, 10'000) == 60 * ms);
  CHECK(times.arrival_ns(1 * ms, 20'000) == 80 * ms); // waits until 10 ms
  CHECK(times.arrival_ns(2 * ms, 0) == 80 * ms);
  CHECK(times.arrival_ns(100 * ms, 1'000) == 151 * ms);
}

TEST_CASE("jitter is drawn between its bounds, by the seed, and never lets a message overtake another") {
  const link_conditions conditions{.delay_ns = 5 * ms, .least_jitter_ns = 1 * ms, .most_jitter_ns = 20 * ms};
  link_times times(conditions, random_source(3, 1)), same(conditions, random_source(3, 1));
  std::int64_t last = 0, held_up = 0;
  double sum = 0;
  for (std::int64_t i = 0; i < 1000; ++i) {
    const auto now = times.arrival_ns(i * ms, 0);
    REQUIRE(now == same.arrival_ns(i * ms, 0));
    REQUIRE(now >= last);
    REQUIRE(now - i * ms >= 6 * ms);
    REQUIRE(now - i * ms <= 25 * ms);
    held_up += now == last;
    last = now;
  }
  CHECK(held_up > 100);
  for (std::int64_t i = 10; i < 1010; ++i)
    sum += static_cast<double>(times.arrival_ns(i * 1000 * ms, 0) - i * 1000 * ms);
  CHECK(sum / 1000 == Approx(15.5 * ms).epsilon(0.05));
}

TEST_CASE("a lost message comes a round trip later, and every one comes") {
  link_times times({.delay_ns = 10 * ms, .loss = 0.25}, random_source(5, 1));
  std::map<std::int64_t, int> taken;
  for (std::int64_t i = 1; i <= 4000; ++i) ++taken[times.arrival_ns(i * 1000 * ms, 0) - i * 1000 * ms];
  CHECK(taken[10 * ms] == Approx(3000).epsilon(0.05));
  CHECK(taken[30 * ms] == Approx(750).epsilon(0.1));
  CHECK(taken[50 * ms] == Approx(187).epsilon(0.25));
  for (const auto& [time, count] : taken) CHECK((time - 10 * ms) % (20 * ms) == 0);
}

TEST_CASE("every policy ends under random schedules over random links, with every batch applied") {
  const std::string policy = GENERATE("locked", "synthetic", "corrected", "delayed", "local");
  CAPTURE(policy);
  cpu_device cpu;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    random_source random(seed, 29);
    // Times far longer than the test's own, so that what is drawn decides the order.
    auto settings = linked(policy, 1 + random.below(12),
                           random.below(2) ? "jitter@*:1..20s" : "delay@1:9s,jitter@0:3s,rate@2:1kB/s,loss@1:20%");
    settings.credits = 1 + static_cast<int>(random.below(3));
    settings.evaluate_every = random.below(2) ? 1 + random.below(4) : 0;
    settings.warmup_batches = random.below(3) == 0 ? random.below(5) : 0;
    settings.audit_every = random.below(3) == 0 ? 1 + random.below(3) : 0;
    const bool interrupted = random.below(3) == 0;
    std::optional<std::uint64_t> at;
    if (interrupted) at = random.below(400);
    CAPTURE(seed, settings.steps, settings.credits);
    const auto out = run_scheduled(settings, "mlp:5-4x3-3", toy(), cpu, {seed, at, nullptr});
    REQUIRE(out.stuck == "");
    REQUIRE(out.summary.failure == "");
    REQUIRE((out.summary.end == run_end::finished || (interrupted && out.summary.end == run_end::interrupted)));
    REQUIRE((interrupted || out.summary.steps == settings.steps));
    for (const auto& group : out.summary.groups) {
      REQUIRE(group.updates >= out.summary.steps);
      REQUIRE(group.updates <= out.summary.steps + (policy == "corrected" ? 1 : 0));
    }
    REQUIRE(std::isfinite(out.summary.test["error"]));
  }
  REQUIRE(cpu.memory().counters().in_use == 0);
}

TEST_CASE("two interrupts end a run at once, with messages still on the way") {
  cpu_device cpu;
  training* running = nullptr;
  training_observer observer;
  observer.progress_interval_s = 0.01;
  observer.on_progress = [&running](const progress_report&) {
    running->interrupt();
    running->interrupt();
  };
  auto run = training::prepare(linked("delayed", 1000, "delay@*:60s"), std::move(*make_network("mlp:5-4x3-3")), toy(),
                               cpu, observer);
  REQUIRE(run);
  running = run->get();
  const auto began = std::chrono::steady_clock::now();
  CHECK(running->run().end == run_end::interrupted);
  CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(30)); // less than any message takes
}

TEST_CASE("a locked run waits for the way up and down, and trains as without links") {
  cpu_device cpu;
  const auto without = run_threaded(four_groups("locked", 8), "mlp:5-4x3-3", toy(), cpu);
  const auto with = run_threaded(linked("locked", 8, "delay@*:5ms"), "mlp:5-4x3-3", toy(), cpu);
  CHECK(with.summary.end == run_end::finished);
  CHECK(with.summary.wall_s >= 8 * 6 * 0.005);
  CHECK(with.weights == without.weights);
}

TEST_CASE("a run that ends by time does not train long on what waits before its first group, whatever the credits") {
  cpu_device cpu;
  auto settings = linked("locked", 1'000'000, "delay@1:25ms");
  settings.credits = 256;
  settings.time_limit_s = 0.2;
  const auto out = run_threaded(settings, "mlp:5-4x3-3", toy(), cpu);
  CHECK(out.summary.end == run_end::time_over);
  CHECK(out.summary.trained_s >= 0.2);
  CHECK(out.summary.trained_s < 256 * 0.05 / 2); // a round trip for each of what waits
}

TEST_CASE("a delay occupies no thread: messages of all links are on the way at once") {
  cpu_device cpu;
  auto settings = linked("delayed", 40, "delay@*:20ms");
  settings.threads = 1;
  settings.credits = 8;
  const auto out = run_threaded(settings, "mlp:5-4x3-3", toy(), cpu);
  CHECK(out.summary.end == run_end::finished);
  CHECK(out.summary.wall_s < 40 * 9 * 0.020 / 2); // activation, gradient and credit over three links, one at a time
}

TEST_CASE("a run whose messages are on the way is not hung") {
  cpu_device cpu;
  auto settings = linked("locked", 2, "delay@1:400ms");
  settings.hang_after_s = 0.1;
  const auto out = run_threaded(settings, "mlp:5-4x3-3", toy(), cpu);
  CHECK(out.summary.end == run_end::finished);
  CHECK(out.summary.steps == 2);
}

TEST_CASE("bytes over emulated links are counted for the groups at their ends") {
  cpu_device cpu;
  const auto out = run_threaded(linked("synthetic", 10, "delay@1:1ms"), "mlp:5-4x3-3", toy(), cpu);
  const auto& groups = out.summary.groups;
  constexpr std::int64_t a_tensor = 4 * 4 * 4, labels = 4 * 4; // floats of a batch of 4, 4 features; its labels
  CHECK(groups[0].bytes_from_above == 0);
  CHECK(groups[1].bytes_from_below == 0);
  CHECK(groups[2].bytes_from_below == 10 * (a_tensor + labels));
  CHECK(groups[1].bytes_from_above == 10 * a_tensor);
  CHECK(groups[3].bytes_from_below == 0);
}

TEST_CASE("a trace tells when a message was sent to the link, and when it came to the neighbour") {
  temporary_folder folder;
  trace_settings wanted;
  wanted.folder = folder.path();
  auto recorder = trace_recorder::create(wanted, {});
  REQUIRE(recorder);
  (*recorder)->switch_on(true);
  cpu_device cpu;
  auto run = training::prepare(linked("delayed", 10, "delay@1:5ms"), std::move(*make_network("mlp:5-4x3-3")), toy(),
                               cpu, {}, recorder->get());
  REQUIRE(run);
  REQUIRE((*run)->run().end == run_end::finished);
  REQUIRE((*recorder)->close());
  const auto trace = tools::trace_run::open(folder.path());
  REQUIRE(trace);
  std::map<std::uint64_t, trace_record> sent;
  std::map<std::uint8_t, int> delivered;
  int begun_twice = 0;
  const auto& actors = trace->names().actors;
  trace->for_each([&](const trace_record& record) {
    if (record.message == 0) return;
    const auto role = actors.at(record.actor).role;
    if (record.kind == record_kind::send) {
      REQUIRE(sent.emplace(record.message, record).second);
    } else if (record.kind == record_kind::enqueue) {
      const auto& before = sent.at(record.message);
      REQUIRE(actors.at(before.peer).role == actor_role::link);
      REQUIRE(role == actor_role::group);
      REQUIRE(record.interface == 1);
      REQUIRE(record.time_ns - before.time_ns >= 5 * ms);
      ++delivered[record.type];
    } else if (record.kind == record_kind::begin && role == actor_role::link) {
      REQUIRE(sent.at(record.message).peer == record.actor);
      ++begun_twice;
    }
  });
  CHECK(delivered[static_cast<std::uint8_t>(trace_message::activation)] >= 10);
  CHECK(delivered[static_cast<std::uint8_t>(trace_message::gradient)] == 10);
  CHECK(delivered[static_cast<std::uint8_t>(trace_message::credit)] >= 10);
  CHECK(begun_twice >= 30);
}

TEST_CASE("in a deterministic run a delay counts batches: by hop where gradients come down from the loss") {
  const auto lags = [](const std::string& policy, const std::string& link) {
    auto settings = linked(policy, 10, link);
    settings.deterministic = true;
    REQUIRE(check_settings(settings));
    const auto how = std::move(*make_update_policy(settings));
    std::vector<int> out;
    for (int i = 0; i < 4; ++i) out.push_back(lag_of_group(settings, *how, i, 4));
    return out;
  };
  CHECK(lags("delayed", "delay@1:3b") == std::vector<int>{9, 7, 2, 0});
  CHECK(lags("corrected", "delay@*:10b") == std::vector<int>{36, 24, 12, 0});
  CHECK(lags("synthetic", "delay@*:10b,delay@1:3b") == std::vector<int>{12, 5, 12, 0});
  CHECK(lags("gated", "delay@*:10b") == std::vector<int>{36, 24, 12, 0}); // what is sent down is of what was received
  CHECK(lags("delayed", "none") == std::vector<int>{6, 4, 2, 0});
}

TEST_CASE("gradients come as many batches later as a deterministic run's links say, whatever the schedule") {
  cpu_device cpu;
  auto settings = linked("delayed", 40, "delay@1:3b");
  settings.deterministic = true;
  const auto first = run_scheduled(settings, "mlp:5-4x3-3", toy(), cpu, {1, {}, nullptr});
  const double expected[] = {9, 7, 2, 0};
  for (std::size_t i = 0; i < 4; ++i) {
    const double lag = expected[i], ramp = lag * (lag + 1) / 2;
    REQUIRE(first.summary.groups[i].staleness == Approx((ramp + lag * (40 - lag - 1)) / 40).epsilon(1e-9));
  }
  for (std::uint64_t seed = 2; seed < 20; ++seed)
    REQUIRE(run_scheduled(settings, "mlp:5-4x3-3", toy(), cpu, {seed, {}, nullptr}).weights == first.weights);
}

TEST_CASE("links that a run cannot have are refused with the remedy") {
  auto settings = linked("delayed", 10, "delay@2:1ms");
  CHECK(refusal_of(settings) == "");
  settings.deterministic = true;
  CHECK(refusal_of(settings) ==
        "link: --deterministic cannot depend on times; count the delay in batches, such as delay@1:3b");
  settings = linked("delayed", 10, "delay@2:3b");
  CHECK(refusal_of(settings) == "link: a delay in batches is for --deterministic; give a time, such as delay@1:50ms");
  settings = linked("delayed", 10, "delay@3:1ms");
  CHECK(refusal_of(settings) == "link: expected interfaces 0 to 2, with 4 groups, got 3; interface i is above group i");
  settings.split = {4};
  CHECK(refusal_of(settings) == "link: expected at least two groups, which it lies between; leave it out");
  settings = linked("delayed", 10, "loss@1:1%");
  CHECK(refusal_of(settings) ==
        "link: a lost message comes a round trip later, which takes no time at interface 1; give "
        "it a delay, such as delay@1:50ms");
  settings = linked("locked", 10, "delay@*:3b");
  settings.deterministic = true;
  CHECK(refusal_of(settings) ==
        "link: with --policy locked each batch waits for its gradient, whatever the delay; leave it out");
  settings = linked("delayed", 10, "delay@*:100b");
  settings.deterministic = true;
  CHECK(refusal_of(settings) ==
        "link: expected delays of at most 256 batches in all, with those of the policy, got 306");
}
