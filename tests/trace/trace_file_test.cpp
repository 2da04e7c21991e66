// Files and rings: what was written is read back, whatever happens to the process or the bytes in between.
#include "tests/runtime/io/temporary_folder.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/trace_builder.hpp"

#include "runtime/random.hpp"
#include "runtime/trace/trace_recorder.hpp"
#include "tools/trace/trace_run.hpp"

#include <filesystem>
#include <fstream>
#include <thread>

using namespace syngrad;
using namespace syngrad::test;
using syngrad::tools::trace_run;

namespace {

trace_record sample_record(std::uint64_t number) {
  trace_record record;
  record.time_ns = static_cast<std::int64_t>(1000 + number * 10);
  record.message = message_origin(0, 7) | number;
  record.parent = number / 2;
  record.actor = actor_id(0, 7);
  record.batch = static_cast<std::uint32_t>(number / 4);
  record.kind = record_kind::send;
  return record;
}

std::vector<trace_record> all_of(const trace_run& run) {
  std::vector<trace_record> records;
  run.for_each([&](const trace_record& record) { records.push_back(record); });
  return records;
}

trace_settings four_rings(const temporary_folder& folder) {
  trace_settings settings;
  settings.folder = folder.path();
  settings.rings = 4;
  settings.capacity = 1024;
  return settings;
}

} // namespace

TEST_CASE("a codec gives back what it packed, at about ten bytes a record") {
  chunk_codec codec;
  std::vector<trace_record> records, back;
  for (std::uint64_t i = 0; i < most_records_a_chunk; ++i) records.push_back(sample_record(i));
  const auto packed = codec.pack(records);
  REQUIRE(packed.size() < records.size() * 10);
  const std::vector<char> kept(packed.begin(), packed.end());
  REQUIRE(codec.unpack(kept, records.size(), back));
  REQUIRE(back == records);
  REQUIRE_FALSE(codec.unpack(kept, records.size() - 1, back));
  REQUIRE_FALSE(codec.unpack(std::span(kept).first(kept.size() / 2), records.size(), back));
}

TEST_CASE("a recorder's records are read back in the order of time, from several threads") {
  temporary_folder folder;
  auto recorder = trace_recorder::create(four_rings(folder), {});
  REQUIRE(recorder);
  std::vector<std::thread> threads;
  for (std::uint64_t t = 0; t < 3; ++t)
    threads.emplace_back([&, t] {
      for (std::uint64_t i = 0; i < 500; ++i) (*recorder)->record(sample_record(i * 3 + t));
    });
  for (auto& each : threads) each.join();
  REQUIRE((*recorder)->close());
  const auto run = trace_run::open(folder.path());
  REQUIRE(run);
  REQUIRE(run->ended());
  REQUIRE(run->lost() == 0);
  const auto records = all_of(*run);
  REQUIRE(records.size() == 1500);
  for (std::uint64_t i = 0; i < 1500; ++i) REQUIRE(records[i] == sample_record(i));
}

TEST_CASE("a full ring drops the newest records, and every reader knows how many") {
  temporary_folder folder;
  const auto file = ring_file::create(folder.file("node0.rings"), {1, 0, 256, 1});
  REQUIRE(file);
  auto ring = file->rings()[0];
  for (std::uint64_t i = 0; i < 300; ++i) REQUIRE(ring.push(sample_record(i)) == (i < 256));
  REQUIRE(ring.head() == 256);
  REQUIRE(ring.lost() == 44);
  ring.consume_until(100);
  REQUIRE(ring.push(sample_record(300)));
  REQUIRE(ring.at(256) == sample_record(300));
}

TEST_CASE("a thread for which there is no ring is counted as lost") {
  temporary_folder folder;
  auto settings = four_rings(folder);
  settings.rings = 1;
  auto recorder = trace_recorder::create(settings, {});
  REQUIRE(recorder);
  (*recorder)->record(sample_record(0));
  std::thread([&] {
    for (std::uint64_t i = 1; i < 4; ++i) (*recorder)->record(sample_record(i));
  }).join();
  REQUIRE((*recorder)->lost() == 3);
  REQUIRE((*recorder)->close());
  const auto run = trace_run::open(folder.path());
  REQUIRE(run);
  REQUIRE(run->records() == 1);
  REQUIRE(run->lost() == 3);
}

TEST_CASE("beyond its limit a trace takes no more, and says how much that was") {
  temporary_folder folder;
  auto settings = four_rings(folder);
  settings.limit_bytes = 1;
  auto recorder = trace_recorder::create(settings, {});
  REQUIRE(recorder);
  for (std::uint64_t i = 0; i < 100; ++i) (*recorder)->record(sample_record(i));
  REQUIRE((*recorder)->close());
  const auto run = trace_run::open(folder.path());
  REQUIRE(run);
  REQUIRE(run->records() == 0);
  REQUIRE(run->lost() == 100);
}

TEST_CASE("a flight recording keeps about its size, and what went before is no loss") {
  temporary_folder folder;
  auto settings = four_rings(folder);
  settings.limit_bytes = 40'000;
  settings.flight = true;
  auto recorder = trace_recorder::create(settings, {});
  REQUIRE(recorder);
  random_source random(1, 1);
  for (std::uint64_t i = 0; i < 20'000; ++i) {
    auto record = sample_record(i);
    record.version = random.below(1u << 30); // does not pack
    (*recorder)->record(record);
    if (i % 500 == 499) (*recorder)->flush();
  }
  REQUIRE((*recorder)->close());
  const auto run = trace_run::open(folder.path());
  REQUIRE(run);
  REQUIRE(run->lost() == 0);
  REQUIRE(run->before_window() > 0);
  REQUIRE(run->before_window() + run->records() == 20'000);
  REQUIRE(run->bytes() < 60'000);
  REQUIRE(all_of(*run).back().message == sample_record(19'999).message);
}

TEST_CASE("what lies in the rings of a killed run is read with the rest") {
  temporary_folder folder;
  {
    auto recorder = trace_recorder::create(four_rings(folder), {});
    REQUIRE(recorder);
    for (std::uint64_t i = 0; i < 100; ++i) (*recorder)->record(sample_record(i));
    (*recorder)->flush();
  } // without close()
  auto rings = ring_file::open(folder.file("node0.rings"), true);
  REQUIRE(rings);
  for (std::uint64_t i = 100; i < 130; ++i) REQUIRE(rings->rings()[0].push(sample_record(i)));
  const auto run = trace_run::open(folder.path());
  REQUIRE(run);
  REQUIRE_FALSE(run->ended());
  REQUIRE(run->in_rings() == 30);
  const auto records = all_of(*run);
  REQUIRE(records.size() == 130);
  for (std::uint64_t i = 0; i < 130; ++i) REQUIRE(records[i] == sample_record(i));
}

TEST_CASE("a disk without room for the rings is an error before the run") {
  const auto made = ring_file::create("/dev/full/node0.rings", {1, 0, 256, 1});
  REQUIRE_FALSE(made);
  REQUIRE_THAT(made.message(), Catch::Contains("node0.rings"));
}
