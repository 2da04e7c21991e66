// The weights of a run that goes on.
#include "tests/actors/late_worker.hpp"
#include "tests/actors/probe_layer.hpp"
#include "tests/actors/threaded_run.hpp"
#include "tests/actors/toy_runs.hpp"
#include "tests/support/catch.hpp"

#include "actors/handler_gate.hpp"
#include "runtime/cpu/cpu_device.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <thread>

using namespace syngrad;
using namespace syngrad::test;

namespace {

struct named_values {
  std::string name;
  std::vector<float> values;
  bool operator==(const named_values&) const = default;
};
using weights = std::vector<named_values>;

weights copied(std::span<const layer_group::named_tensor> all) {
  weights out;
  for (const auto& each : all) out.push_back({each.name, {each.value.f32(), each.value.f32() + each.value.elements()}});
  return out;
}

weights weights_now(trainer& run) {
  weights out;
  const auto read = run.with_weights_now([&](auto all) {
    out = copied(all);
    return ok();
  });
  if (!read) throw std::runtime_error(read.message());
  return out;
}

constexpr std::int64_t endless = 1'000'000'000; // steps

bool same_shape(const weights& a, const weights& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    return x.name == y.name && x.values.size() == y.values.size();
  });
}

bool all_finite(const weights& all) {
  return std::all_of(all.begin(), all.end(), [](const auto& each) {
    return std::all_of(each.values.begin(), each.values.end(), [](float value) { return std::isfinite(value); });
  });
}

// A run that has come to its 50th batch, on a thread of its own.
class run_under_way {
public:
  run_under_way(training_settings settings, device& where)
    : run_(std::move(
        *training::prepare(std::move(settings), with_probe([this](int batch) { count(batch); }), data_, where))),
      first_(weights_now(*run_)), thread_([this] { summary_ = run_->run(); }) {
    wait_for_batch(50);
  }

  training& get() { return *run_; }
  const weights& first() const { return first_; } // before it began
  int batches() const { return batches_; }
  void wait_for_batch(int number) const {
    for (int now = batches_; now < number; now = batches_) batches_.wait(now);
  }
  training_summary end() {
    run_->interrupt();
    thread_.join();
    return summary_;
  }

private:
  void count(int batch) {
    batches_ = batch;
    batches_.notify_all();
  }

  dataset data_ = toy();
  std::atomic<int> batches_{0};
  std::unique_ptr<training> run_;
  weights first_;
  training_summary summary_;
  std::jthread thread_;
};

void check_weights_meanwhile(const std::string& policy, device& where) {
  run_under_way run(three_groups(policy, endless), where);
  for (int i = 0; i < 20; ++i) {
    const auto now = weights_now(run.get());
    CHECK(same_shape(now, run.first()));
    CHECK(all_finite(now));
    CHECK(now != run.first());
  }
  CHECK(run.end().end == run_end::interrupted);
  CHECK(weights_now(run.get()) == copied(run.get().weights()));
}

} // namespace

TEST_CASE("weights can be read while a run goes on: whole and finite, other ones than before, and it ends as ever") {
  const std::string policy = GENERATE("locked", "synthetic", "corrected", "delayed", "local");
  CAPTURE(policy);
  cpu_device cpu;
  check_weights_meanwhile(policy, cpu);
}

TEST_CASE("weights of a device that works late are those after what it has been given to do") {
  late_device late(1);
  const late_worker worker({&late});
  check_weights_meanwhile("locked", late);
}

TEST_CASE("no group trains while its weights are in use, and all go on afterwards") {
  cpu_device cpu;
  run_under_way run(three_groups("synthetic", endless), cpu);
  std::atomic<bool> release{false};
  std::atomic<int> seen{-1};
  std::jthread user([&] {
    (void)run.get().with_weights_now([&](auto all) {
      const auto before = copied(all);
      seen = run.batches();
      seen.notify_all();
      release.wait(false);
      return before == copied(all) ? ok() : status(error::data("they changed"));
    });
  });
  seen.wait(-1);
  CHECK(run.batches() == seen);
  release = true;
  release.notify_all();
  user.join();
  run.wait_for_batch(seen + 50);
  CHECK(run.end().end == run_end::interrupted);
}

TEST_CASE("what fails in the use of weights is told, and the run goes on") {
  cpu_device cpu;
  run_under_way run(three_groups("synthetic", endless), cpu);
  const auto refused = run.get().with_weights_now([](auto) { return status(error::file("the disk is full")); });
  REQUIRE(!refused);
  CHECK(refused.kind() == error_kind::file);
  const auto thrown = run.get().with_weights_now([](auto) -> status { throw std::bad_alloc(); });
  REQUIRE(!thrown);
  CHECK(thrown.kind() == error_kind::resource);
  run.wait_for_batch(run.batches() + 50);
  CHECK(run.end().end == run_end::interrupted);
}

TEST_CASE("a run whose weights are read meanwhile gives the same bytes") {
  cpu_device cpu;
  const auto data = toy();
  auto settings = three_groups("synthetic", endless);
  settings.deterministic = true;
  settings.steps = 400;
  settings.evaluate_every = 100;
  const auto alone = run_threaded(settings, "mlp:5-4x2-3", data, cpu);

  std::atomic<int> reads{0};
  training_observer observer;
  observer.on_evaluation = [&](const evaluation_report&) { // at least one read in each part of the run
    const int before = reads;
    for (int now = before; now == before; now = reads) reads.wait(now);
  };
  auto run = training::prepare(settings, std::move(*make_network("mlp:5-4x2-3")), data, cpu, observer);
  REQUIRE(run);
  std::jthread reader([&](const std::stop_token& asked) {
    while (!asked.stop_requested()) {
      (void)weights_now(**run);
      ++reads;
      reads.notify_all();
    }
  });
  CHECK((*run)->run().end == run_end::finished);
  reader.request_stop();
  reader.join();
  CHECK(reads >= 4);
  std::vector<float> watched;
  for (const auto& each : copied((*run)->weights()))
    watched.insert(watched.end(), each.values.begin(), each.values.end());
  CHECK(watched == alone.weights);
}

TEST_CASE("who waits at gates goes before the next message, and gives up where one has no end") {
  handler_gate first, second;
  std::atomic<int> messages{0};
  {
    const auto busy = [&](handler_gate& gate) { // message after message, without a pause
      return std::jthread([&](const std::stop_token& asked) {
        while (!asked.stop_requested()) {
          gate.enter();
          ++messages;
          gate.leave();
        }
      });
    };
    const auto one = busy(first), other = busy(second);
    for (int i = 0; i < 1000; ++i) {
      const paused_handlers paused({&first, &second}, std::chrono::minutes(1));
      REQUIRE(!paused.stuck());
      const int before = messages;
      std::this_thread::yield();
      REQUIRE(messages == before);
    }
  }
  second.enter();
  std::jthread([&] {
    const paused_handlers paused({&first, &second}, std::chrono::milliseconds(1));
    CHECK(paused.stuck() == 1u);
  }).join();
  first.enter(); // nobody waits any more
  first.leave();
  second.leave();
  std::jthread([&] { CHECK(!paused_handlers({&first, &second}, std::chrono::minutes(1)).stuck()); }).join();
}
