// The segments of a trace: written, and read back (trace_format.hpp).
#pragma once

#include "runtime/io/file_descriptor.hpp"
#include "runtime/trace/trace_format.hpp"
#include "runtime/trace/trace_vocabulary.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

namespace syngrad {

// Appends chunks to the segments of one node's trace. One thread at a time.
//
// Without a window the segments grow to `limit_bytes` in all; then records are refused (the caller counts them as
// lost). With one (`flight`) the oldest segments are removed, so that about the last `limit_bytes` stay.
class trace_writer {
public:
  struct settings {
    std::string folder;
    trace_file_header header; // of the first segment
    std::uint64_t limit_bytes = std::uint64_t{1} << 62;
    bool flight = false;
  };

  static result<trace_writer> create(settings, const trace_names&);
  // Goes on behind the first `bytes` of an existing segment, the last one of its node. What lies beyond them is cut.
  static result<trace_writer> resume(const std::string& folder, const trace_file_header&, std::uint64_t bytes,
                                     const trace_names&);

  // Records [first, first + records.size()) of a ring that has lost `lost` so far; at most most_records_a_chunk.
  status append(std::uint16_t ring, std::uint64_t first, std::uint64_t lost, std::span<const trace_record> records);
  status append(const trace_names&); // also at the head of every later segment
  // A write that fails leaves the segment as it was before: what comes later can still be read.
  status finish(std::uint8_t flags); // the end mark, synced and closed

  bool full() const { return !settings_.flight && written_ >= settings_.limit_bytes; }
  std::uint64_t bytes() const { return written_; } // in all segments ever

private:
  trace_writer(settings, const trace_names&);
  status begin_segment();
  status write(trace_chunk_header, std::span<const char> payload);
  status drop_oldest();

  settings settings_;
  trace_names names_;
  chunk_codec codec_;
  file_descriptor file_;
  std::uint64_t offset_ = 0; // in the segment
  std::uint64_t written_ = 0;
  std::uint32_t next_segment_ = 0;
  struct segment {
    std::string path;
    std::uint64_t bytes;
  };
  std::deque<segment> segments_;
};

inline constexpr const char* torn_at_its_end = "torn at its end";

struct trace_damage {
  std::string file;
  std::uint64_t offset = 0, bytes = 0;
  std::string what; // torn_at_its_end, "damaged"
};

// One segment of a trace, opened for reading: an index of its chunks, and what is wrong with it.
//
// Maps the file; nothing is unpacked before it is asked for. A damaged part is skipped up to the next whole chunk and
// named; it is never read as something else. Const members from any thread, each with a codec of its own.
class trace_file {
public:
  // Fails where there is no such file or its own header is not one. Everything else is damage.
  static result<trace_file> open(const std::string& path);

  const std::string& path() const { return path_; }
  const trace_file_header& header() const { return header_; }
  const trace_names& names() const { return names_; }
  const std::vector<trace_chunk_header>& chunks() const { return chunks_; } // of records, in file order
  // Headers of chunks that are whole themselves, but not what follows: so much is known of what was lost.
  const std::vector<trace_chunk_header>& unreadable() const { return unreadable_; }
  const std::vector<trace_damage>& damage() const { return damage_; }
  std::uint64_t whole_bytes() const { return whole_bytes_; } // up to the end of the last whole chunk
  bool ended() const { return ended_; }                      // closed in order, or recovered
  bool recovered() const { return recovered_; }
  std::uint64_t bytes() const { return size_; }

  // The records of one of chunks(); fails where their sum or their packing is wrong.
  status read(const trace_chunk_header&, chunk_codec&, std::vector<trace_record>& out) const;

private:
  trace_file() = default;
  void index();
  void take(const trace_chunk_header&);               // a chunk whose sums hold
  std::uint64_t next_chunk(std::uint64_t from) const; // offset of a whole header at or after `from`; size_ if none

  std::string path_;
  std::shared_ptr<const char> bytes_;
  std::uint64_t size_ = 0;
  trace_file_header header_;
  trace_names names_;
  std::vector<trace_chunk_header> chunks_, unreadable_;
  std::vector<trace_damage> damage_;
  std::uint64_t whole_bytes_ = 0;
  bool ended_ = false, recovered_ = false;
};

} // namespace syngrad
