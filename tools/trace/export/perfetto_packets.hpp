// Packets of a Perfetto trace, one after the other into a file. Knows the fields, not what they are used for here.
//
// Field numbers: protos/perfetto/trace/perfetto_trace.proto of https://github.com/google/perfetto; the ones that are
// used stand in tests/trace/perfetto_subset.proto. One thread at a time.
#pragma once

#include "runtime/io/output_file.hpp"
#include "runtime/io/protobuf_writer.hpp"

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace syngrad::tools {

struct perfetto_event {
  enum kind { slice_begin = 1, slice_end = 2, instant = 3, counter = 4 };

  std::int64_t time_ns = 0;
  kind type = instant;
  std::uint64_t track = 0;
  std::string_view name, category;        // empty: none
  std::optional<std::uint64_t> flow;      // an arrow's id: it begins here, or passes through
  std::optional<std::uint64_t> flow_ends; // or ends here
  std::uint64_t sequence = 1;             // events of one are in the order of time
  double value = 0;                       // of a counter
  std::vector<std::pair<const char*, std::int64_t>> details;
};

class perfetto_packets {
public:
  explicit perfetto_packets(output_file& out) : out_(&out) {}

  void add_process(std::uint64_t track, int pid, std::string_view name);
  void add_thread(std::uint64_t track, std::uint64_t parent, int pid, int tid, std::string_view name);
  void add_track(std::uint64_t track, std::uint64_t parent, std::string_view name);
  void add_counter(std::uint64_t track, std::uint64_t parent, std::string_view name);
  void add(const perfetto_event&);

private:
  void write_descriptor(const protobuf_writer& descriptor);
  void write_packet(protobuf_writer& packet, std::uint64_t sequence);

  output_file* out_;
  std::set<std::uint64_t> sequences_;               // that have begun
  protobuf_writer packet_, event_, detail_, whole_; // their memory is used again
};

} // namespace syngrad::tools
