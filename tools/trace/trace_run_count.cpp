// How many records a trace has and how many it lacks: those of a ring are numbered, so that every gap is known.
#include "tools/trace/fact_number.hpp"
#include "tools/trace/trace_run.hpp"

namespace syngrad::tools {

namespace {

std::uint64_t count_or_none(const std::string& text) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(number_or(text, 0), 0));
}

} // namespace

void trace_run::meet(ring_place ring, std::uint64_t first, std::uint64_t count) {
  auto& next = expected_[ring];
  // A trace that does not begin with its first segment has lost the earlier ones to its window, by intent.
  if (first > next) (next == 0 && window_[ring.first] ? before_window_ : lost_) += first - next;
  next = std::max(next, first + count);
  records_ += count;
}

void trace_run::span(std::uint8_t node, std::int64_t first_ns, std::int64_t last_ns) {
  begin_ns_ = std::min(begin_ns_, first_ns - offsets_ns_[node]);
  end_ns_ = std::max(end_ns_, last_ns - offsets_ns_[node]);
}

void trace_run::count() {
  begin_ns_ = std::numeric_limits<std::int64_t>::max();
  end_ns_ = std::numeric_limits<std::int64_t>::min();
  count_files();
  for (const auto& [ring, first] : ring_first_) {
    const auto left = left_in_rings_.find(ring);
    meet(ring, first, left == left_in_rings_.end() ? 0 : left->second.size());
    if (left == left_in_rings_.end()) continue;
    span(ring.first, left->second.front().time_ns, left->second.back().time_ns);
    in_rings_ += left->second.size();
  }
  for (const auto& file : files_)
    for (const auto& chunk : file.unreadable())
      meet({static_cast<std::uint8_t>(file.header().node), chunk.ring}, chunk.first_sequence + chunk.count, 0);
  count_last_words();
  for (const auto& [ring, lost] : ring_lost_) lost_ += lost;
  for (const auto& [node, unheard] : unheard_) lost_ += unheard;
  if (records_ == 0) begin_ns_ = end_ns_ = files_.front().header().monotonic_ns;
  const auto& first = files_.front().header();
  realtime_offset_ns_ = first.realtime_ns - first.monotonic_ns + offsets_ns_[static_cast<std::uint8_t>(first.node)];
}

void trace_run::count_files() {
  std::map<std::uint8_t, bool> ended;
  for (std::size_t i = 0; i < files_.size(); ++i) {
    const auto& file = files_[i];
    const auto node = static_cast<std::uint8_t>(file.header().node);
    if (!ended.contains(node)) window_[node] = file.header().segment > 0;
    ended[node] = file.ended();
    sample_ = std::max(sample_, file.header().sample);
    bytes_ += file.bytes();
    for (const auto& chunk : file.chunks()) {
      const ring_place ring{node, chunk.ring};
      if (chunk.first_sequence < expected_[ring]) {
        damage_.push_back({file.path(), chunk.offset, sizeof chunk + chunk.payload_bytes, "records a second time"});
        continue;
      }
      meet(ring, chunk.first_sequence, chunk.count);
      span(node, chunk.first_time_ns, chunk.last_time_ns);
      chunks_[ring].push_back({i, chunk});
      auto& lost = ring_lost_[ring];
      lost = std::max(lost, chunk.lost);
    }
  }
  for (const auto& [node, each] : ended) ended_ = ended_ && each;
}

// A trace that was closed says where each ring ended: what came after its last chunk was refused.
void trace_run::count_last_words() {
  for (const auto node : nodes()) {
    const auto key = std::to_string(node);
    for (std::uint32_t i = 0; i < no_interface; ++i) {
      const auto name = "ring." + key + "." + std::to_string(i);
      const auto last = names_.fact(name + ".records");
      if (last.empty()) break;
      const ring_place ring{node, static_cast<std::uint16_t>(i)};
      meet(ring, count_or_none(last), 0);
      auto& lost = ring_lost_[ring];
      lost = std::max(lost, count_or_none(names_.fact(name + ".lost")));
    }
    auto& unheard = unheard_[node];
    unheard = std::max(unheard, count_or_none(names_.fact("unheard." + key)));
  }
}

// A chunk whose sum holds and which still does not unpack, found while reading.
void trace_run::leave_out(const trace_file& file, const trace_chunk_header& chunk) const {
  if (!left_out_.emplace(&file, chunk.offset).second) return;
  damage_.push_back({file.path(), chunk.offset, sizeof chunk + chunk.payload_bytes, "records that do not unpack"});
  records_ -= chunk.count;
  lost_ += chunk.count;
}

} // namespace syngrad::tools
