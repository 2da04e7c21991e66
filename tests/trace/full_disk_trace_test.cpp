// Disks that are full, by a limit on the size of files (a write beyond it fails as one on a full disk does).
#include "tests/runtime/io/temporary_folder.hpp"
#include "tests/support/catch.hpp"
#include "tests/trace/numbered_records.hpp"

#include "runtime/trace/trace_recorder.hpp"
#include "tools/trace/trace_run.hpp"

#include <csignal>
#include <filesystem>
#include <sys/resource.h>

using namespace syngrad;
using namespace syngrad::test;
using syngrad::tools::trace_run;

namespace {

class file_size_limit {
public:
  explicit file_size_limit(rlim_t bytes) {
    std::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit wanted{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &wanted);
  }
  ~file_size_limit() { ::setrlimit(RLIMIT_FSIZE, &before_); }
  file_size_limit(const file_size_limit&) = delete;
  file_size_limit& operator=(const file_size_limit&) = delete;

private:
  rlimit before_{};
};

trace_settings one_ring(const temporary_folder& folder) {
  trace_settings settings;
  settings.folder = folder.path();
  settings.rings = 1;
  settings.capacity = 1024;
  return settings;
}

} // namespace

TEST_CASE("rings that the disk does not hold are an error at the start, and leave no file behind") {
  temporary_folder folder;
  const file_size_limit limit(20'000);
  const auto recorder = trace_recorder::create(one_ring(folder), {});
  REQUIRE_FALSE(recorder);
  REQUIRE_THAT(recorder.message(), Catch::Contains("cannot reserve") && Catch::Contains("node0.rings"));
  REQUIRE(std::filesystem::is_empty(folder.path()));
}

TEST_CASE("a disk that is full for a while costs the records of that time only, and they are counted") {
  temporary_folder folder;
  auto recorder = trace_recorder::create(one_ring(folder), {});
  REQUIRE(recorder);
  std::uint64_t number = 0;
  const auto record = [&](int count) {
    for (int i = 0; i < count; ++i) (*recorder)->record(numbered_record(0, number++));
    (*recorder)->flush();
  };
  record(100);
  {
    const file_size_limit limit((*recorder)->bytes() + 200); // in the middle of the next chunk
    record(300);
  }
  record(100);
  const auto closed = (*recorder)->close();
  REQUIRE_FALSE(closed);
  REQUIRE_THAT(closed.message(), Catch::Contains("node0-000000.trace"));
  const auto run = trace_run::open(folder.path());
  REQUIRE(run);
  REQUIRE(run->damage().empty());
  REQUIRE(run->records() == 200);
  REQUIRE(run->lost() == 300);
  std::vector<std::uint64_t> found;
  run->for_each([&](const trace_record& record_read) { found.push_back(number_of(record_read)); });
  REQUIRE(found.size() == 200);
  REQUIRE(found[99] == 99);
  REQUIRE(found[100] == 400);
  REQUIRE(found[199] == 499);
}
