// Damaged traces: whatever happens to the bytes, no record is read that was not written, and none is missing without a
// word.
#include "tests/runtime/io/temporary_folder.hpp"
#include "tests/support/catch.hpp"
#include "tests/trace/numbered_records.hpp"

#include "runtime/random.hpp"
#include "runtime/trace/ring_file.hpp"
#include "runtime/trace/trace_file.hpp"
#include "tools/trace/recovery/recover_node.hpp"
#include "tools/trace/trace_run.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>

using namespace syngrad;
using namespace syngrad::test;
using syngrad::tools::trace_run;

namespace {

constexpr std::uint16_t rings = 3;
constexpr std::uint64_t chunks_a_ring = 6, records_a_chunk = 30;
constexpr std::uint64_t all_records = rings * chunks_a_ring * records_a_chunk;

std::vector<trace_record> chunk_of(std::uint16_t ring, std::uint64_t number) {
  std::vector<trace_record> records;
  for (std::uint64_t i = 0; i < records_a_chunk; ++i)
    records.push_back(numbered_record(ring, number * records_a_chunk + i));
  return records;
}

trace_names some_names() {
  trace_names names;
  for (std::uint16_t i = 0; i < rings; ++i)
    names.actors[actor_id(0, i)] = {actor_role::group, i, "group " + std::to_string(i)};
  return names;
}

void write_trace(const std::string& folder, bool ended) {
  auto writer = trace_writer::create({folder, {}}, some_names());
  REQUIRE(writer);
  for (std::uint64_t i = 0; i < chunks_a_ring; ++i)
    for (std::uint16_t ring = 0; ring < rings; ++ring)
      REQUIRE(writer->append(ring, i * records_a_chunk, 0, chunk_of(ring, i)));
  if (ended) REQUIRE(writer->finish(0));
}

std::string read_bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// A new file each time: some file systems write one that was overwritten to the disk at once.
void write_bytes(const std::string& path, const std::string& bytes) {
  std::filesystem::remove(path);
  std::ofstream(path, std::ios::binary | std::ios::trunc)
    .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

// Flipped bits, a cut, or both.
std::string damaged(std::string bytes, random_source& random) {
  const auto size = [&] { return static_cast<std::uint32_t>(bytes.size()); };
  const auto how = random.below(4);
  if (how != 1)
    for (auto flips = 1 + random.below(how == 0 ? 1 : 8); flips > 0; --flips) {
      auto& byte = bytes[random.below(size())];
      byte = static_cast<char>(byte ^ 1 << random.below(8));
    }
  if (how == 1 || how == 2) bytes.resize(random.below(size()));
  return bytes;
}

std::uint64_t damages_of(const trace_run& run) {
  return run.damage().size();
}

// The payload of the first chunk of records, changed by `change`, under a sum that holds.
template <class Change>
void change_first_chunk(const std::string& path, Change change) {
  const auto header = [&] {
    const auto file = trace_file::open(path);
    REQUIRE(file);
    return file->chunks().front();
  }();
  auto bytes = read_bytes(path);
  auto changed = header;
  char* payload = bytes.data() + header.offset + sizeof header;
  change(std::span(payload, header.payload_bytes), changed);
  changed.payload_crc = trace_crc({payload, header.payload_bytes});
  changed.crc = crc_of(changed);
  bytes.replace(header.offset, sizeof changed, reinterpret_cast<const char*>(&changed), sizeof changed);
  write_bytes(path, bytes);
}

} // namespace

TEST_CASE("10,000 traces with flipped bits and cut ends: no wrong record, and none missing without a word") {
  temporary_folder folder;
  const auto segment = folder.file("node0-000000.trace");
  write_trace(folder.path(), true);
  const auto bytes = read_bytes(segment);
  const auto names = some_names().text();
  random_source random(3, 1);
  int refused = 0, with_losses = 0;
  for (int i = 0; i < 10'000; ++i) {
    const auto changed = damaged(bytes, random);
    write_bytes(segment, changed);
    const auto run = trace_run::open(folder.path());
    if (!run) {
      REQUIRE(!run.message().empty());
      ++refused;
      continue;
    }
    std::array<std::uint64_t, rings> next{};
    std::uint64_t found = 0, wrong = 0;
    run->for_each([&](const trace_record& record) {
      const auto ring = record.actor & 0xffff;
      const bool right = ring < rings && number_of(record) >= next[ring] && number_of(record) < all_records / rings &&
                         record == numbered_record(static_cast<std::uint16_t>(ring), number_of(record));
      if (right) next[ring] = number_of(record) + 1;
      wrong += !right;
      ++found;
    });
    REQUIRE(wrong == 0);
    REQUIRE(found == run->records());
    if (found != all_records || run->names().text() != names || changed != bytes) REQUIRE(damages_of(*run) > 0);
    REQUIRE(found + run->lost() <= all_records);
    with_losses += run->lost() > 0;
  }
  // A cut or a flip in the first 48 bytes leaves nothing to read; most others cost a chunk.
  REQUIRE(refused > 50);
  REQUIRE(refused < 2000);
  REQUIRE(with_losses > 5000);
}

TEST_CASE("2,000 damaged ring files: never a crash, and nothing that is no record") {
  temporary_folder folder;
  const auto path = folder.file("node0.rings"), segment = folder.file("node0-000000.trace");
  write_trace(folder.path(), false);
  const auto segment_bytes = read_bytes(segment);
  {
    auto file = ring_file::create(path, {rings, 0, 256, 0});
    REQUIRE(file);
    for (std::uint16_t ring = 0; ring < rings; ++ring)
      for (std::uint64_t i = 0; i < 250; ++i) file->rings()[ring].push(numbered_record(ring, i));
  }
  const auto bytes = read_bytes(path);
  random_source random(4, 1);
  int recovered = 0;
  for (int i = 0; i < 2'000; ++i) {
    auto changed = bytes;
    const auto header = random.below(2) * 4096 * (1 + random.below(rings) * 4); // of the file, or of a ring
    for (int flips = 0; flips < 3; ++flips) {
      auto& byte =
        changed[random.below(2) ? header + random.below(192) : random.below(static_cast<std::uint32_t>(bytes.size()))];
      byte = static_cast<char>(byte ^ 1 << random.below(8));
    }
    if (random.below(4) == 0) changed.resize(random.below(static_cast<std::uint32_t>(changed.size())));
    write_bytes(path, changed);
    write_bytes(segment, segment_bytes);
    const auto run = trace_run::open(folder.path());
    REQUIRE(run);
    std::uint64_t found = 0, none = 0;
    run->for_each([&](const trace_record& record) {
      ++found;
      none += record.kind < record_kind::send || static_cast<int>(record.kind) >= record_kind_count;
    });
    REQUIRE(none == 0);
    REQUIRE(found == run->records());
    REQUIRE(found >= all_records);
    REQUIRE(found <= all_records + rings * 256);
    if (i % 10 == 0) recovered += static_cast<bool>(tools::recover_node(path)); // waits for the disk
  }
  REQUIRE(recovered > 10);
  REQUIRE(recovered < 190);
}

TEST_CASE("a chunk whose sum holds but which is too short for its records is damage from the start") {
  temporary_folder folder;
  write_trace(folder.path(), true);
  change_first_chunk(folder.file("node0-000000.trace"),
                     [](std::span<char>, trace_chunk_header& header) { header.count = records_a_chunk - 1; });
  const auto run = trace_run::open(folder.path());
  REQUIRE(run);
  REQUIRE(run->records() == all_records - records_a_chunk);
  REQUIRE(run->lost() == records_a_chunk);
  REQUIRE(damages_of(*run) == 1);
  REQUIRE(run->damage()[0].what == "records that do not unpack");
}

TEST_CASE("a chunk whose sum holds but which does not unpack is damage once it has been read, and counted once") {
  temporary_folder folder;
  write_trace(folder.path(), true);
  // Behind the frame's header (magic, descriptor, size) stands the first block: its type 3 is reserved.
  change_first_chunk(folder.file("node0-000000.trace"), [](std::span<char> payload, trace_chunk_header&) {
    for (std::size_t i = 7; i < 10; ++i) payload[i] = '\xff';
  });
  const auto run = trace_run::open(folder.path());
  REQUIRE(run);
  for (int i = 0; i < 2; ++i) {
    std::uint64_t found = 0;
    run->for_each([&](const trace_record&) { ++found; });
    REQUIRE(found == all_records - records_a_chunk);
    REQUIRE(run->records() == found);
    REQUIRE(run->lost() == records_a_chunk);
    REQUIRE(damages_of(*run) == 1);
  }
}

TEST_CASE("the last chunk of a ring is missed even where no later one shows the gap") {
  temporary_folder folder;
  const auto segment = folder.file("node0-000000.trace");
  write_trace(folder.path(), true);
  const auto last = trace_file::open(segment)->chunks().back();
  auto bytes = read_bytes(segment);
  bytes[last.offset + sizeof last + 5] ^= 1;
  write_bytes(segment, bytes);
  const auto run = trace_run::open(folder.path());
  REQUIRE(run);
  REQUIRE(run->records() == all_records - records_a_chunk);
  REQUIRE(run->lost() == records_a_chunk);
  REQUIRE(damages_of(*run) == 1);
}

TEST_CASE("a segment that is there twice, or of another run, is named and not read") {
  temporary_folder folder;
  write_trace(folder.path(), true);
  std::filesystem::copy_file(folder.file("node0-000000.trace"), folder.file("node0-copy.trace"));
  {
    auto other = trace_writer::create({folder.path(), {.run_id = 99, .segment = 7}}, {});
    REQUIRE(other);
    REQUIRE(other->append(0, 500, 0, chunk_of(0, 1)));
    REQUIRE(other->finish(0));
  }
  const auto run = trace_run::open(folder.path());
  REQUIRE(run);
  REQUIRE(run->records() == all_records);
  REQUIRE(damages_of(*run) == 2);
  REQUIRE(run->damage()[0].what == "the same segment a second time");
  REQUIRE(run->damage()[1].what == "belongs to another run");
}
