// One segment of a trace, opened for reading: an index of its chunks, and what is wrong with it.
//
// Maps the file; nothing is unpacked before it is asked for. A damaged part is skipped up to the next whole chunk and
// named; it is never read as something else. Const members from any thread, each with a codec of its own.
#pragma once

#include "runtime/trace/chunk_codec.hpp"
#include "runtime/trace/trace_format.hpp"
#include "runtime/trace/trace_names.hpp"

#include <memory>
#include <string>
#include <vector>

namespace syngrad {

inline constexpr const char* torn_at_its_end = "torn at its end";

struct trace_damage {
  std::string file;
  std::uint64_t offset = 0, bytes = 0;
  std::string what; // torn_at_its_end, "damaged"
};

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
