#include "tools/trace/trace_run.hpp"

#include "runtime/text.hpp"
#include "runtime/trace/ring_file.hpp"

#include <cstdint>
#include <filesystem>
#include <fmt/core.h>
#include <map>
#include <set>
#include <string>

namespace syngrad::tools {

namespace {

// Numbers among the facts of a trace.
std::int64_t number_or(const std::string& text, std::int64_t otherwise) {
  return parse_number<std::int64_t>(text).value_or(otherwise);
}

std::uint64_t count_or_none(const std::string& text) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(number_or(text, 0), 0));
}

// Both ends of a link are called alike, and so are the threads of all nodes: these get the number of their node.
void tell_nodes_apart(trace_names& names) {
  std::map<std::string, std::set<std::uint8_t>> actors, threads;
  for (const auto& [id, each] : names.actors) actors[each.title].insert(node_of(id));
  for (const auto& [ring, name] : names.threads) threads[name].insert(ring.first);
  const auto suffix = [](std::uint8_t node) { return fmt::format(" (node {})", node); };
  for (auto& [id, each] : names.actors)
    if (actors.at(each.title).size() > 1) each.title += suffix(node_of(id));
  for (auto& [ring, name] : names.threads)
    if (threads.at(name).size() > 1) name += suffix(ring.first);
}

} // namespace

namespace fs = std::filesystem;

struct trace_run::ring_source {
  std::string path;
  ring_file::layout described;
  std::uint64_t unheard;
  std::vector<ring_snapshot> rings;
};

result<trace_run> trace_run::open(const std::string& folder) {
  std::error_code failure;
  if (!fs::is_directory(folder, failure))
    return error::setting("'" + folder + "' is not a folder; name the folder of a run, such as runs/first");
  trace_run run;
  run.folder_ = fs::is_directory(folder + "/trace", failure) ? folder + "/trace" : folder;
  const auto files_ending = [&](const char* ending) {
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator(run.folder_, failure)) {
      const auto name = entry.path().filename().string();
      if (name.starts_with("node") && name.ends_with(ending)) found.push_back(entry.path().string());
    }
    std::sort(found.begin(), found.end());
    return found;
  };
  // Rings first: what is drained from them meanwhile is in the files when these are read.
  auto rings = run.read_rings(files_ending(".rings"));
  const auto segments = files_ending(".trace");
  if (segments.empty())
    return error::setting("there is no trace in '" + folder + "'; was the run made with --trace off?");
  if (auto done = run.open_files(segments); !done) return done.failure();
  run.find_clocks();
  run.take_rings(std::move(rings));
  run.count();
  run.tell_damage();
  return run;
}

std::vector<trace_run::ring_source> trace_run::read_rings(const std::vector<std::string>& paths) {
  std::vector<ring_source> sources;
  for (const auto& path : paths) {
    const auto file = ring_file::open(path, false);
    if (!file) {
      std::error_code ignored;
      if (fs::exists(path, ignored)) damage_.push_back({path, 0, 0, file.message()}); // else the run has just ended
      continue;
    }
    const auto& described = file->described();
    if (described.node > 255 || fs::path(path).filename() != ring_file_name(described.node)) {
      damage_.push_back({path, 0, 0, "rings of another node than its name says"});
      continue;
    }
    auto& source = sources.emplace_back(ring_source{path, described, file->unheard(), {}});
    for (const auto& ring : file->rings()) source.rings.push_back(snapshot_of(ring));
    has_rings_[static_cast<std::uint8_t>(described.node)] = file->in_use();
    going_on_ = going_on_ || file->in_use();
  }
  return sources;
}

status trace_run::open_files(const std::vector<std::string>& segments) {
  std::string first_failure;
  for (const auto& path : segments) {
    auto file = trace_file::open(path);
    if (file) {
      files_.push_back(std::move(*file));
    } else if (!going_on_) { // else: just made, or just removed
      damage_.push_back({path, 0, 0, file.message()});
    }
    if (!file && first_failure.empty()) first_failure = file.message();
  }
  if (files_.empty()) return error::data(first_failure);
  std::stable_sort(files_.begin(), files_.end(), [](const auto& a, const auto& b) {
    return std::pair(a.header().node, a.header().segment) < std::pair(b.header().node, b.header().segment);
  });
  for (std::size_t i = 0; i < files_.size();)
    if (belongs(files_[i]))
      ++i;
    else
      files_.erase(files_.begin() + static_cast<std::ptrdiff_t>(i));
  for (const auto& file : files_) names_.add(file.names().text());
  tell_nodes_apart(names_);
  return ok();
}

bool trace_run::belongs(const trace_file& file) {
  const auto& header = file.header();
  if (header.run_id != files_.front().header().run_id) {
    damage_.push_back({file.path(), 0, file.bytes(), "belongs to another run"});
    return false;
  }
  if (&file != &files_.front()) {
    const auto& before = (&file - 1)->header();
    if (before.node == header.node && before.segment == header.segment) {
      damage_.push_back({file.path(), 0, file.bytes(), "the same segment a second time"});
      return false;
    }
  }
  return true;
}

// What `merge` found out about the clocks stands among the facts.
void trace_run::find_clocks() {
  const auto all = nodes();
  for (const auto node : all) {
    const auto key = std::to_string(node);
    const auto offset = names_.fact("clock.offset." + key), uncertainty = names_.fact("clock.uncertainty." + key);
    offsets_ns_[node] = number_or(offset, 0);
    const bool known = !offset.empty() && number_or(uncertainty, -1) >= 0;
    if (node != all.front() && !known) clock_uncertainty_ns_ = -1;
    if (clock_uncertainty_ns_ >= 0) clock_uncertainty_ns_ = std::max(clock_uncertainty_ns_, number_or(uncertainty, 0));
  }
}

void trace_run::take_rings(std::vector<ring_source> sources) {
  for (auto& source : sources) {
    const auto node = static_cast<std::uint8_t>(source.described.node);
    if (source.described.run_id != files_.front().header().run_id) {
      damage_.push_back({source.path, 0, 0, "belongs to another run"});
      continue;
    }
    if (!offsets_ns_.contains(node)) {
      damage_.push_back({source.path, 0, 0, "rings of a node whose segments are missing"});
      continue;
    }
    unheard_[node] = source.unheard;
    std::map<std::uint16_t, std::uint64_t> on_disk;
    for (const auto& file : files_)
      if (file.header().node == node)
        for (const auto& chunk : file.chunks())
          on_disk[chunk.ring] = std::max(on_disk[chunk.ring], chunk.first_sequence + chunk.count);
    for (std::size_t i = 0; i < source.rings.size(); ++i) {
      auto& ring = source.rings[i];
      const ring_key key{node, static_cast<std::uint16_t>(i)};
      if (!ring.sound) damage_.push_back({source.path, 0, 0, "ring " + std::to_string(i) + " contradicts itself"});
      if (!ring.sound && ring.records.empty()) continue;
      ring_lost_[key] = ring.lost;
      const auto end = ring.first + ring.records.size();
      const auto first = std::min(std::max(ring.first, on_disk[key.second]), end);
      ring.records.erase(ring.records.begin(), ring.records.begin() + static_cast<std::ptrdiff_t>(first - ring.first));
      ring_first_[key] = first;
      if (!ring.records.empty()) left_in_rings_[key] = std::move(ring.records);
    }
  }
}

// A run that goes on is about to write what looks torn, and its end.
void trace_run::tell_damage() {
  for (std::size_t i = 0; i < files_.size(); ++i) {
    const auto& file = files_[i];
    const auto node = static_cast<std::uint8_t>(file.header().node);
    const bool last = i + 1 == files_.size() || files_[i + 1].header().node != node;
    const auto rings = has_rings_.find(node);
    const bool recording = rings != has_rings_.end() && rings->second;
    for (const auto& damage : file.damage())
      if (!(last && recording && damage.what == torn_at_its_end)) damage_.push_back(damage);
    if (last && !file.ended() && rings == has_rings_.end())
      damage_.push_back({file.path(), file.bytes(), 0, "no end mark, and no rings beside it: its end is missing"});
  }
}

std::vector<std::uint8_t> trace_run::nodes() const {
  std::vector<std::uint8_t> all;
  for (const auto& file : files_) {
    const auto node = static_cast<std::uint8_t>(file.header().node);
    if (all.empty() || all.back() != node) all.push_back(node);
  }
  return all;
}

std::vector<trace_cursor> trace_run::cursors(std::int64_t from_ns, std::int64_t to_ns) const {
  std::map<ring_key, std::vector<trace_cursor::stored_chunk>> stored;
  for (const auto& [ring, chunks] : chunks_) {
    const auto offset = offsets_ns_.at(ring.first);
    for (const auto& [file, chunk] : chunks)
      if (chunk.last_time_ns - offset >= from_ns && chunk.first_time_ns - offset < to_ns)
        stored[ring].push_back({&files_[file], chunk});
  }
  for (const auto& [ring, left] : left_in_rings_) stored[ring]; // may have nothing on disk
  std::vector<trace_cursor> all;
  for (auto& [ring, chunks] : stored) {
    const auto left = left_in_rings_.find(ring);
    all.emplace_back(ring, std::move(chunks), left == left_in_rings_.end() ? nullptr : &left->second,
                     offsets_ns_.at(ring.first),
                     [this](const trace_cursor::stored_chunk& chunk) { leave_out(*chunk.file, chunk.chunk); });
  }
  return all;
}

void trace_run::meet(ring_key ring, std::uint64_t first, std::uint64_t count) {
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
      const ring_key ring{node, chunk.ring};
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
      const auto name = fmt::format("ring.{}.{}", key, i);
      const auto last = names_.fact(name + ".records");
      if (last.empty()) break;
      const ring_key ring{node, static_cast<std::uint16_t>(i)};
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
