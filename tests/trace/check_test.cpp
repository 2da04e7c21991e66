// `check` passes what is whole, and finds every kind of damage.
#include "runtime/trace/ring_file.hpp"
#include "tests/runtime/io/temporary_folder.hpp"
#include "tests/support/catch.hpp"
#include "tests/trace/pipeline_trace.hpp"

#include "runtime/trace/trace_file.hpp"
#include "tools/trace/trace_command.hpp"

#include <fstream>

using namespace syngrad;
using namespace syngrad::test;
using namespace syngrad::tools;

namespace {

answer check(const std::string& folder) {
  auto out = check_command.run(request_for(folder));
  if (!out) throw std::runtime_error(out.message());
  return std::move(*out);
}

std::string wrong(const answer& out, const std::string& rule) {
  return cell_of(out.tables.at(0), rule, "wrong");
}

trace_record record_of(record_kind kind, std::int64_t time_ns, std::uint64_t message) {
  trace_record record;
  record.time_ns = time_ns;
  record.message = message;
  record.actor = actor_id(0, 1);
  record.kind = kind;
  return record;
}

} // namespace

TEST_CASE("a whole trace passes, also one that was cut off by kill -9") {
  for (const bool ended : {true, false}) {
    temporary_folder folder;
    pipeline_trace().builder.write(folder.path(), ended);
    if (!ended) REQUIRE(ring_file::create(folder.file(ring_file_name(0)), {1, 0, 256, 1})); // a killed run's stay
    const auto out = check(folder.path());
    CHECK(out.code == exit_code::done);
    REQUIRE(out.tables.size() == 1);
    CHECK(cell_of(out.tables[0], "chunks whole, sums right", "looked_at") == "2");
    CHECK(cell_of(out.tables[0], "kinds and types known", "looked_at") == "24");
    CHECK(cell_of(out.tables[0], "begin and end in pairs", "looked_at") == "16");
    CHECK(cell_of(out.tables[0], "sent before they are handled", "looked_at") == "7");
    CHECK(out.notes.back() == "The trace is whole.");
  }
}

TEST_CASE("a trace without its end, and without the rings that a killed run leaves, is damaged") {
  temporary_folder folder;
  pipeline_trace().builder.write(folder.path(), false);
  const auto out = check(folder.path());
  CHECK(out.code == exit_code::failed);
}

TEST_CASE("a flipped bit is damage with a position, and ends with 1") {
  temporary_folder folder;
  pipeline_trace().builder.write(folder.path());
  const auto path = folder.file(segment_name(0, 0));
  const auto run = trace_run::open(folder.path());
  REQUIRE(run);
  const auto offset = run->files().at(0).chunks().at(1).offset;
  {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(offset + sizeof(trace_chunk_header) + 5));
    const auto byte = static_cast<char>(file.get() ^ 4);
    file.seekp(static_cast<std::streamoff>(offset + sizeof(trace_chunk_header) + 5));
    file.put(byte);
  }
  const auto out = check(folder.path());
  CHECK(out.code == exit_code::failed);
  CHECK(wrong(out, "chunks whole, sums right") == "1");
  CHECK(text_of(out.tables.at(1).rows.at(0).at(0)) == path + ", byte " + std::to_string(offset));
  CHECK(out.notes.back() == "The trace is damaged.");
}

TEST_CASE("records that contradict each other are found by the rule that they break") {
  temporary_folder folder;
  trace_builder builder;
  builder.add(record_of(record_kind::begin, 10, 1));
  builder.add(record_of(record_kind::begin, 20, 2)); // 1 has not ended
  builder.add(record_of(record_kind::end, 30, 3));   // and 3 has not begun
  builder.add(record_of(record_kind::send, 40, 2));  // too late
  builder.add(record_of(static_cast<record_kind>(99), 50, 4));
  auto odd = record_of(record_kind::send, 60, 5);
  odd.type = 200;
  builder.add(odd);
  builder.write(folder.path());
  const auto out = check(folder.path());
  CHECK(out.code == exit_code::failed);
  CHECK(wrong(out, "begin and end in pairs") == "2");
  CHECK(wrong(out, "sent before they are handled") == "1");
  CHECK(wrong(out, "kinds and types known") == "2");
  CHECK(out.tables.at(1).rows.size() == 5);
}

TEST_CASE("chunks that repeat records or go back in time are found") {
  temporary_folder folder;
  trace_file_header header;
  auto writer = trace_writer::create({folder.path(), header}, {});
  REQUIRE(writer);
  const std::vector<trace_record> first{record_of(record_kind::send, 100, 1), record_of(record_kind::send, 200, 2)};
  const std::vector<trace_record> back{record_of(record_kind::send, 150, 3)};
  REQUIRE(writer->append(0, 0, 0, first));
  REQUIRE(writer->append(0, 1, 0, back)); // number 1 stands in the chunk before
  REQUIRE(writer->finish(0));
  const auto out = check(folder.path());
  CHECK(out.code == exit_code::failed);
  CHECK(wrong(out, "chunks in sequence") == "1");
  CHECK(wrong(out, "chunks in the order of time") == "1");
}

TEST_CASE("lost records are no damage, but nothing is concluded from what stands alone") {
  temporary_folder folder;
  trace_file_header header;
  auto writer = trace_writer::create({folder.path(), header}, {});
  REQUIRE(writer);
  REQUIRE(writer->append(0, 3, 0, std::vector{record_of(record_kind::end, 100, 1)}));
  REQUIRE(writer->finish(0));
  const auto out = check(folder.path());
  CHECK(out.code == exit_code::done);
  CHECK(cell_of(out.tables.at(0), "begin and end in pairs", "looked_at") == "0");
  CHECK_THAT(out.notes.at(0), Catch::Contains("Records are lost"));
}
