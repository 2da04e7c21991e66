// Appends chunks to the segments of one node's trace. One thread at a time.
//
// Without a window the segments grow to `limit_bytes` in all; then records are refused (the caller counts them as
// lost). With one (`flight`) the oldest segments are removed, so that about the last `limit_bytes` stay.
#pragma once

#include "runtime/io/file_descriptor.hpp"
#include "runtime/trace/chunk_codec.hpp"
#include "runtime/trace/trace_format.hpp"
#include "runtime/trace/trace_names.hpp"

#include <cstdint>
#include <deque>
#include <string>

namespace syngrad {

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

} // namespace syngrad
