// Packets of a Perfetto trace, one after the other into a file. Knows the fields, not what they are used for here.
//
// Field numbers: protos/perfetto/trace/perfetto_trace.proto of https://github.com/google/perfetto; the ones that are
// used stand in tests/trace/perfetto_subset.proto. One thread at a time.
#pragma once

#include "tools/trace/export/export_file.hpp"
#include "tools/trace/export/protobuf_writer.hpp"

#include <optional>
#include <vector>

namespace syngrad::tools {

struct perfetto_event {
  enum kind { slice_begin = 1, slice_end = 2, instant = 3, counter = 4 };

  std::int64_t time_ns = 0;
  kind type = instant;
  std::uint64_t track = 0;
  std::string_view name, category;          // empty: none
  std::optional<std::uint64_t> flow_begins; // an arrow's id
  std::optional<std::uint64_t> flow_ends;
  double value = 0; // of a counter
  std::vector<std::pair<const char*, std::int64_t>> details;
};

class perfetto_packets {
public:
  explicit perfetto_packets(export_file& out) : out_(&out) {}

  void add_process(std::uint64_t track, int pid, std::string_view name);
  void add_thread(std::uint64_t track, std::uint64_t parent, int pid, int tid, std::string_view name);
  void add_track(std::uint64_t track, std::uint64_t parent, std::string_view name);
  void add_counter(std::uint64_t track, std::uint64_t parent, std::string_view name);
  void add(const perfetto_event&);

private:
  void write_descriptor(const protobuf_writer& descriptor);
  void write_packet(protobuf_writer& packet);

  export_file* out_;
  bool first_ = true;
  protobuf_writer packet_, event_, detail_, whole_; // their memory is used again
};

} // namespace syngrad::tools
