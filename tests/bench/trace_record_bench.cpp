// What one record costs its thread: with tracing off, with rings on, and with reading the clock besides.
//
// A thread that does nothing but record fills its ring faster than any disk drains it, and would measure records that
// are dropped. So each iteration is a burst that fits into the ring, timed alone; the ring is drained between bursts.
#include "tests/runtime/io/temporary_folder.hpp"

#include "runtime/trace/trace_recorder.hpp"

#include <benchmark/benchmark.h>
#include <chrono>
#include <ctime>

using namespace syngrad;

namespace {

constexpr std::int64_t burst = 1 << 14;

std::int64_t clock_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

std::unique_ptr<trace_recorder> make_recorder(const test::temporary_folder& folder) {
  trace_settings settings;
  settings.folder = folder.path();
  settings.limit_bytes = std::uint64_t{16} << 20; // then records are refused after the ring: the cost here is the same
  auto made = trace_recorder::create(settings, {});
  if (!made) throw std::runtime_error(made.message());
  return std::move(*made);
}

trace_record sample_record() {
  trace_record record;
  record.actor = actor_id(0, 3);
  record.peer = actor_id(0, 4);
  record.kind = record_kind::send;
  return record;
}

// Times `step(i)`, a burst of calls at a time.
template <class Step>
void time_bursts(benchmark::State& state, trace_recorder& recorder, Step step) {
  std::int64_t number = 0;
  double seconds = 0;
  for (auto _ : state) {
    const auto begin = std::chrono::steady_clock::now();
    for (std::int64_t i = 0; i < burst; ++i) step(number++);
    const auto end = std::chrono::steady_clock::now();
    const auto took = std::chrono::duration<double>(end - begin).count();
    state.SetIterationTime(took);
    seconds += took;
    if (recorder.on()) recorder.flush();
  }
  state.counters["ns_a_record"] = seconds * 1e9 / static_cast<double>(state.iterations() * burst);
  if (recorder.on() && recorder.lost() > 0 && recorder.bytes() < (std::uint64_t{16} << 20))
    state.SkipWithError("records were dropped: this measured something else");
}

void with_tracing_off(benchmark::State& state) {
  const test::temporary_folder folder;
  const auto recorder = make_recorder(folder);
  recorder->switch_on(false);
  auto record = sample_record();
  time_bursts(state, *recorder, [&](std::int64_t number) {
    benchmark::DoNotOptimize(number);
    if (recorder->on()) [[unlikely]] {
      record.message = static_cast<std::uint64_t>(number);
      recorder->record(record);
    }
  });
}

void without_any_tracing(benchmark::State& state) { // what of the above is the loop's own
  const test::temporary_folder folder;
  const auto recorder = make_recorder(folder);
  recorder->switch_on(false);
  time_bursts(state, *recorder, [&](std::int64_t number) { benchmark::DoNotOptimize(number); });
}

void with_rings_on(benchmark::State& state) {
  const test::temporary_folder folder;
  const auto recorder = make_recorder(folder);
  auto record = sample_record();
  time_bursts(state, *recorder, [&](std::int64_t number) {
    record.time_ns = number;
    record.message = static_cast<std::uint64_t>(number);
    if (recorder->on()) recorder->record(record);
  });
}

void with_rings_and_clock(benchmark::State& state) {
  const test::temporary_folder folder;
  const auto recorder = make_recorder(folder);
  auto record = sample_record();
  time_bursts(state, *recorder, [&](std::int64_t number) {
    if (!recorder->on()) return;
    record.time_ns = clock_ns();
    record.message = static_cast<std::uint64_t>(number);
    recorder->record(record);
  });
}

void the_clock_alone(benchmark::State& state) {
  const test::temporary_folder folder;
  const auto recorder = make_recorder(folder);
  recorder->switch_on(false);
  time_bursts(state, *recorder, [&](std::int64_t) { benchmark::DoNotOptimize(clock_ns()); });
}

} // namespace

BENCHMARK(without_any_tracing)->UseManualTime();
BENCHMARK(with_tracing_off)->UseManualTime();
BENCHMARK(with_rings_on)->UseManualTime();
BENCHMARK(the_clock_alone)->UseManualTime();
BENCHMARK(with_rings_and_clock)->UseManualTime();
BENCHMARK_MAIN();
