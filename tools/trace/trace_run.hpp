// The trace of a run, opened for reading: every node's segments and, of a run that goes on or was killed, what is still
// in its rings. Records come in the order of time, on one clock where the nodes' offsets are known.
//
// Memory: one chunk a ring, whatever the length. Const members from one thread at a time: reading may find more damage.
#pragma once

#include "runtime/trace/trace_file.hpp"
#include "runtime/trace/trace_vocabulary.hpp"
#include "tools/trace/trace_cursor.hpp"
#include "tools/trace/trace_filter.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace syngrad::tools {

class trace_run {
public:
  // `folder`: a run's, or its trace/. Fails where there is no trace in it.
  static result<trace_run> open(const std::string& folder);

  const std::string& folder() const { return folder_; } // the one that holds the segments
  const trace_names& names() const { return names_; }
  const std::vector<trace_damage>& damage() const { return damage_; }

  std::vector<std::uint8_t> nodes() const;
  std::uint64_t records() const { return records_; }             // that can be read
  std::uint64_t lost() const { return lost_; }                   // dropped, refused or damaged
  std::uint64_t before_window() const { return before_window_; } // removed by `flight`, which is not a loss
  std::uint64_t in_rings() const { return in_rings_; }           // of records(): not on disk yet
  std::uint32_t sample() const { return sample_; }               // one batch in so many
  bool ended() const { return ended_; }                          // every node's trace was closed in order or recovered
  bool going_on() const { return going_on_; }                    // some node's process still records
  std::uint64_t bytes() const { return bytes_; }                 // on disk
  std::int64_t begin_ns() const { return begin_ns_; }            // of the first record
  std::int64_t end_ns() const { return end_ns_; }                // of the last one
  std::int64_t realtime_at(std::int64_t time_ns) const { return time_ns + realtime_offset_ns_; }
  const std::vector<trace_file>& files() const { return files_; } // in order of node and segment

  // "batch 3" of what the clocks of the nodes allow to say; 0 where there is one node, negative where unknown.
  std::int64_t clock_uncertainty_ns() const { return clock_uncertainty_ns_; }

  // visit(const trace_record&), or visit(record, ring_key), for every record that passes, in the order of time, until
  // a visit that returns false. A damaged chunk is left out.
  template <class Visit>
  void for_each(const trace_filter& filter, Visit visit) const {
    const bool narrows = filter.narrows();
    merge(cursors(filter.from_ns, filter.to_ns), [&](const trace_record& record, ring_key ring) {
      return (narrows && !filter.passes(record)) || goes_on(visit, record, ring);
    });
  }
  template <class Visit>
  void for_each(Visit visit) const {
    for_each(trace_filter{}, visit);
  }

private:
  struct ring_source; // a file of rings, as it was when the run was opened

  trace_run() = default;
  std::vector<trace_cursor> cursors(std::int64_t from_ns, std::int64_t to_ns) const;
  std::vector<ring_source> read_rings(const std::vector<std::string>& paths);
  status open_files(const std::vector<std::string>& segments);
  bool belongs(const trace_file&);
  void take_rings(std::vector<ring_source>);
  void find_clocks();
  void tell_damage();

  // What is there and what is not, by the numbers of the records.
  void count();
  void count_files();
  void count_last_words();
  void meet(ring_key, std::uint64_t first, std::uint64_t count);
  void span(std::uint8_t node, std::int64_t first_ns, std::int64_t last_ns);
  void leave_out(const trace_file&, const trace_chunk_header&) const;

  std::string folder_;
  std::vector<trace_file> files_;
  struct file_chunk {
    std::size_t file;
    trace_chunk_header chunk;
  };
  std::map<ring_key, std::vector<file_chunk>> chunks_;
  std::map<ring_key, std::vector<trace_record>> left_in_rings_;
  std::map<ring_key, std::uint64_t> ring_first_, ring_lost_, expected_; // expected: the number of the next record
  std::map<std::uint8_t, bool> has_rings_;                              // by node: whether they are in use
  std::map<std::uint8_t, bool> window_;
  std::map<std::uint8_t, std::uint64_t> unheard_;
  std::map<std::uint8_t, std::int64_t> offsets_ns_; // to be subtracted from the node's times
  trace_names names_;
  mutable std::vector<trace_damage> damage_;
  mutable std::set<std::pair<const trace_file*, std::uint64_t>> left_out_; // chunks that did not unpack
  mutable std::uint64_t records_ = 0, lost_ = 0;
  std::uint64_t before_window_ = 0, in_rings_ = 0, bytes_ = 0;
  std::uint32_t sample_ = 1;
  bool ended_ = true, going_on_ = false;
  std::int64_t begin_ns_ = 0, end_ns_ = 0, realtime_offset_ns_ = 0, clock_uncertainty_ns_ = 0;
};

} // namespace syngrad::tools
