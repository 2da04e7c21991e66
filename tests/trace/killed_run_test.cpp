// A process that is killed loses nothing that it had recorded.
#include "tests/runtime/io/temporary_folder.hpp"
#include "tests/support/catch.hpp"
#include "tests/trace/numbered_records.hpp"

#include "runtime/random.hpp"
#include "runtime/trace/trace_recorder.hpp"
#include "tools/trace/recovery/recover_node.hpp"
#include "tools/trace/trace_run.hpp"

#include <array>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <map>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace syngrad;
using namespace syngrad::test;
using syngrad::tools::recover_node;
using syngrad::tools::trace_run;

namespace {

constexpr std::size_t workers = 3;
using counts = std::array<std::uint64_t, workers>;

// Runs record_until_killed in `folder` until its first thread has recorded `moment` records, and kills it. Returns what
// each thread had recorded then.
counts record_and_kill(const temporary_folder& folder, std::uint64_t moment) {
  const auto path = folder.file("counters");
  std::ofstream(path, std::ios::binary).write(std::string(workers * 8, '\0').data(), workers * 8);
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  auto* memory = ::mmap(nullptr, workers * 8, PROT_READ, MAP_SHARED, file, 0);
  REQUIRE(memory != MAP_FAILED);
  const auto* counters = static_cast<const std::atomic<std::uint64_t>*>(memory);
  std::string program = RECORD_UNTIL_KILLED, where = folder.path(), counters_path = path;
  char* arguments[] = {program.data(), where.data(), counters_path.data(), nullptr};
  pid_t child = 0;
  REQUIRE(::posix_spawn(&child, program.c_str(), nullptr, nullptr, arguments, environ) == 0);
  int how = 0;
  while (counters[0].load(std::memory_order_acquire) < moment) {
    REQUIRE(::waitpid(child, &how, WNOHANG) == 0);
    std::this_thread::yield();
  }
  REQUIRE(::kill(child, SIGKILL) == 0);
  REQUIRE(::waitpid(child, &how, 0) == child);
  REQUIRE(WIFSIGNALED(how));
  counts recorded{};
  for (std::size_t i = 0; i < workers; ++i) recorded[i] = counters[i].load(std::memory_order_acquire);
  ::munmap(memory, workers * 8);
  ::close(file);
  return recorded;
}

// Every record of each thread from its first one on, without a gap, whole; and no more than the one on its way.
void check_all_there(const trace_run& run, const counts& recorded) {
  counts found{};
  std::uint64_t wrong = 0;
  run.for_each([&](const trace_record& record) {
    const auto worker = record.actor & 0xffff;
    if (worker >= workers || record != numbered_record(static_cast<std::uint16_t>(worker), found[worker]))
      ++wrong;
    else
      ++found[worker];
  });
  REQUIRE(wrong == 0);
  for (std::size_t i = 0; i < workers; ++i) {
    REQUIRE(found[i] >= recorded[i]);
    REQUIRE(found[i] <= recorded[i] + 1);
  }
  REQUIRE(run.lost() == 0);
  REQUIRE(run.damage().empty());
}

} // namespace

TEST_CASE("kill -9 at a random moment, 50 times: every record that was committed is found") {
  random_source random(7, 1);
  std::uint64_t from_rings = 0;
  for (int i = 0; i < 50; ++i) {
    temporary_folder folder;
    const auto recorded = record_and_kill(folder, 1 + random.below(20'000));
    const auto rings = folder.file("node0.rings");
    {
      const auto killed = trace_run::open(folder.path());
      REQUIRE(killed);
      REQUIRE_FALSE(killed->going_on());
    }
    const auto done = recover_node(rings);
    REQUIRE(done);
    from_rings += done->records;
    REQUIRE_FALSE(std::filesystem::exists(rings));
    const auto run = trace_run::open(folder.path());
    REQUIRE(run);
    REQUIRE(run->ended());
    REQUIRE(run->in_rings() == 0);
    check_all_there(*run, recorded);
  }
  REQUIRE(from_rings > 0); // else the rings would have been tested by none of the moments
}

TEST_CASE("a killed run is read whole without being recovered, but for a chunk that was being written") {
  temporary_folder folder;
  const auto recorded = record_and_kill(folder, 5'000);
  const auto run = trace_run::open(folder.path());
  REQUIRE(run);
  REQUIRE_FALSE(run->ended());
  std::uint64_t found = 0;
  run->for_each([&](const trace_record&) { ++found; });
  REQUIRE(found == run->records());
  REQUIRE(found >= recorded[0] + recorded[1] + recorded[2]);
  REQUIRE(run->lost() == 0);
}

TEST_CASE("recovery refuses while the run goes on, and changes nothing") {
  temporary_folder folder;
  trace_settings settings;
  settings.folder = folder.path();
  settings.rings = 2;
  settings.capacity = 256;
  auto recorder = trace_recorder::create(settings, {});
  REQUIRE(recorder);
  for (std::uint64_t i = 0; i < 10; ++i) (*recorder)->record(numbered_record(0, i));
  const auto refused = recover_node(folder.file("node0.rings"));
  REQUIRE_FALSE(refused);
  REQUIRE(refused.kind() == error_kind::busy);
  {
    const auto run = trace_run::open(folder.path());
    REQUIRE(run);
    REQUIRE(run->going_on());
    REQUIRE(run->records() == 10);
    REQUIRE(run->damage().empty());
  }
  REQUIRE((*recorder)->close());
  REQUIRE_FALSE(trace_run::open(folder.path())->going_on());
}

TEST_CASE("a recovery that was interrupted goes on where it stopped") {
  temporary_folder folder;
  const auto recorded = record_and_kill(folder, 3'000);
  const auto rings = folder.file("node0.rings");
  const auto kept = folder.file("kept");
  std::filesystem::copy_file(rings, kept);
  REQUIRE(recover_node(rings));
  const auto segment = folder.file("node0-000000.trace");
  const auto whole = std::filesystem::file_size(segment);
  std::filesystem::resize_file(segment, whole - 70); // into the last words
  std::filesystem::copy_file(kept, rings);
  const auto again = recover_node(rings);
  REQUIRE(again);
  REQUIRE(again->records == 0);
  REQUIRE(again->cut_bytes > 0);
  REQUIRE(std::filesystem::file_size(segment) == whole);
  const auto run = trace_run::open(folder.path());
  REQUIRE(run);
  check_all_there(*run, recorded);
}

TEST_CASE("a chunk that was torn by the kill is cut, and its records come from the rings") {
  temporary_folder folder;
  trace_settings settings;
  settings.folder = folder.path();
  settings.rings = 1;
  settings.capacity = 256;
  {
    auto recorder = trace_recorder::create(settings, {});
    REQUIRE(recorder);
    for (std::uint64_t i = 0; i < 40; ++i) (*recorder)->record(numbered_record(0, i));
  } // without close(): all 40 are drained
  const auto rings = folder.file("node0.rings"), segment = folder.file("node0-000000.trace");
  const auto before = std::filesystem::file_size(segment);
  {
    auto file = ring_file::open(rings, true);
    REQUIRE(file);
    for (std::uint64_t i = 40; i < 60; ++i) REQUIRE(file->rings()[0].push(numbered_record(0, i)));
  }
  const trace_chunk_header begun;
  std::ofstream(segment, std::ios::binary | std::ios::app).write(reinterpret_cast<const char*>(&begun), 30);
  {
    const auto killed = trace_run::open(folder.path());
    REQUIRE(killed);
    REQUIRE(killed->damage().size() == 1);
    REQUIRE(killed->damage()[0].what == torn_at_its_end);
    REQUIRE(killed->damage()[0].offset == before);
    REQUIRE(killed->damage()[0].bytes == 30);
  }
  const auto done = recover_node(rings);
  REQUIRE(done);
  REQUIRE(done->cut_bytes == 30);
  REQUIRE(done->records == 20);
  const auto run = trace_run::open(folder.path());
  REQUIRE(run);
  REQUIRE(run->files().front().recovered());
  check_all_there(*run, {60, 0, 0});
}

TEST_CASE("rings that contradict themselves are named and not recovered from") {
  temporary_folder folder;
  record_and_kill(folder, 2'000);
  const auto rings = folder.file("node0.rings");
  {
    std::fstream file(rings, std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(4096); // the first ring's head
    const std::uint64_t absurd = std::uint64_t{1} << 60;
    file.write(reinterpret_cast<const char*>(&absurd), sizeof absurd);
  }
  const auto run = trace_run::open(folder.path());
  REQUIRE(run);
  REQUIRE(std::any_of(run->damage().begin(), run->damage().end(),
                      [](const auto& damage) { return damage.what == "ring 0 contradicts itself"; }));
  const auto refused = recover_node(rings);
  REQUIRE_FALSE(refused);
  REQUIRE_THAT(refused.message(), Catch::Contains("ring 0") && Catch::Contains("remove the file"));
}
