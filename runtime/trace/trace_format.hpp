// The files of a trace, byte by byte. A run's trace/ folder holds, for each node N,
//
//   nodeN-SSSSSS.trace   segments, in the order of their numbers
//   nodeN.rings          while the run goes on, or after it was killed (ring_file.hpp)
//
//   segment      := file_header chunk*
//   file_header  := "SYNTRAC1" u32 node, u32 sample, u64 run id, i64 CLOCK_MONOTONIC ns, i64 CLOCK_REALTIME ns at
//                   the same moment, u32 segment, u32 crc32 of the above
//   chunk        := chunk_header payload
//   chunk_header := u32 "CHNK", u8 kind, u8 flags, u16 ring, u32 count, u32 payload bytes, u64 first sequence number,
//                   u64 records that the ring has lost so far, i64 first time, i64 last time, u64 offset of this
//                   header, u32 crc32 of the payload, u32 crc32 of this header before this field
//   payload      := records packed by chunk_codec | text of trace_names | nothing (end)
//
// Records of a ring are numbered from 0, so that a chunk that is missing is a gap that is known to the record. A chunk
// carries its own offset: after damage a reader finds the next one by its mark, its offset and its sum.
#pragma once

#include "runtime/result.hpp"
#include "runtime/trace/trace_record.hpp"

#include <memory>
#include <span>
#include <string>
#include <vector>

namespace syngrad {

struct trace_file_header {
  char magic[8] = {'S', 'Y', 'N', 'T', 'R', 'A', 'C', '1'};
  std::uint32_t node = 0;
  std::uint32_t sample = 1; // one batch in so many is recorded
  std::uint64_t run_id = 0;
  std::int64_t monotonic_ns = 0;
  std::int64_t realtime_ns = 0;
  std::uint32_t segment = 0;
  std::uint32_t crc = 0;
};
static_assert(sizeof(trace_file_header) == 48);

enum class chunk_kind : std::uint8_t { records = 1, names, end };

inline constexpr std::uint32_t chunk_magic = 0x4b4e4843; // "CHNK"
inline constexpr std::uint8_t chunk_recovered = 1;       // flag of `end`: written by recovery

struct trace_chunk_header {
  std::uint32_t magic = chunk_magic;
  chunk_kind kind = chunk_kind::records;
  std::uint8_t flags = 0;
  std::uint16_t ring = 0;
  std::uint32_t count = 0;
  std::uint32_t payload_bytes = 0;
  std::uint64_t first_sequence = 0;
  std::uint64_t lost = 0;
  std::int64_t first_time_ns = 0;
  std::int64_t last_time_ns = 0;
  std::uint64_t offset = 0;
  std::uint32_t payload_crc = 0;
  std::uint32_t crc = 0;
};
static_assert(sizeof(trace_chunk_header) == 64);

inline constexpr std::uint32_t most_records_a_chunk = 1 << 14;

std::uint32_t trace_crc(std::span<const char>);
std::uint32_t crc_of(const trace_file_header&);
std::uint32_t crc_of(const trace_chunk_header&);

std::string segment_name(std::uint32_t node, std::uint32_t segment); // "node0-000000.trace"
std::string ring_file_name(std::uint32_t node);                      // "node0.rings"

// Records packed for disk: field by field (neighbours differ little within a field), times and ids as differences, then
// zstd. A typical record takes about ten bytes.
//
//   packed := zstd(raw), raw := time* message* parent* actor* peer* batch* version* value* interface* kind* type*
//   time, message, parent: u64, each minus the one before; the rest: as it is
//
// Keeps its memory from call to call. One thread at a time.
class chunk_codec {
public:
  chunk_codec();
  ~chunk_codec();
  chunk_codec(chunk_codec&&) noexcept;
  chunk_codec& operator=(chunk_codec&&) noexcept;

  // Valid until the next call.
  std::span<const char> pack(std::span<const trace_record>);
  // Whether `packed` says of itself that it holds `count` records; a look at its first bytes.
  static bool holds(std::span<const char> packed, std::size_t count);
  // Exactly `count` records to `out`; fails where `packed` does not hold them.
  status unpack(std::span<const char> packed, std::size_t count, std::vector<trace_record>& out);

private:
  struct contexts;
  std::unique_ptr<contexts> zstd_;
  std::vector<char> raw_, packed_;
};

} // namespace syngrad
