#include "tools/trace/trace_run.hpp"

#include "runtime/trace/ring_file.hpp"

#include <filesystem>

namespace syngrad::tools {

namespace fs = std::filesystem;

namespace {

std::int64_t number_or(const std::string& text, std::int64_t otherwise) {
  try {
    return text.empty() ? otherwise : std::stoll(text);
  } catch (const std::exception&) {
    return otherwise;
  }
}

} // namespace

result<trace_run> trace_run::open(const std::string& folder) {
  std::error_code failure;
  if (!fs::is_directory(folder, failure))
    return error{"'" + folder + "' is not a folder; name the folder of a run, such as runs/first"};
  trace_run run;
  run.folder_ = fs::is_directory(folder + "/trace", failure) ? folder + "/trace" : folder;
  std::vector<std::string> segments, rings;
  for (const auto& entry : fs::directory_iterator(run.folder_, failure)) {
    const auto name = entry.path().filename().string();
    if (!name.starts_with("node")) continue;
    if (name.ends_with(".trace")) segments.push_back(entry.path().string());
    if (name.ends_with(".rings")) rings.push_back(entry.path().string());
  }
  if (segments.empty()) return error{"there is no trace in '" + folder + "'; was the run made with --trace off?"};
  std::sort(segments.begin(), segments.end());
  for (const auto& path : segments) {
    auto file = trace_file::open(path);
    if (file)
      run.files_.push_back(std::move(*file));
    else
      run.damage_.push_back({path, 0, 0, file.message()});
  }
  if (run.files_.empty()) return error{run.damage_.front().what};
  std::stable_sort(run.files_.begin(), run.files_.end(), [](const auto& a, const auto& b) {
    return std::pair(a.header().node, a.header().segment) < std::pair(b.header().node, b.header().segment);
  });
  for (const auto& file : run.files_) {
    run.names_.add(file.names().text());
    run.damage_.insert(run.damage_.end(), file.damage().begin(), file.damage().end());
  }
  std::sort(rings.begin(), rings.end());
  run.find_clocks();
  for (const auto& path : rings) run.take_rings(path);
  run.count();
  return run;
}

// What `merge` found out about the clocks stands among the facts.
void trace_run::find_clocks() {
  const auto all = nodes();
  for (const auto node : all) {
    const auto key = std::to_string(node);
    if (node != all.front() && names_.fact("clock.offset." + key).empty()) clock_uncertainty_ns_ = -1;
    offsets_ns_[node] = number_or(names_.fact("clock.offset." + key), 0);
    if (clock_uncertainty_ns_ >= 0)
      clock_uncertainty_ns_ = std::max(clock_uncertainty_ns_, number_or(names_.fact("clock.uncertainty." + key), 0));
  }
}

void trace_run::take_rings(const std::string& path) {
  const auto file = ring_file::open(path, false);
  if (!file) {
    damage_.push_back({path, 0, 0, file.message()});
    return;
  }
  const auto node = static_cast<std::uint8_t>(file->described().node);
  const auto& header = files_.front().header();
  if (file->described().run_id != header.run_id) {
    damage_.push_back({path, 0, 0, "'" + path + "' belongs to another run"});
    return;
  }
  std::map<std::uint16_t, std::uint64_t> on_disk;
  for (const auto& each : files_)
    if (each.header().node == node)
      for (const auto& chunk : each.chunks())
        on_disk[chunk.ring] = std::max(on_disk[chunk.ring], chunk.first_sequence + chunk.count);
  for (std::uint16_t i = 0; i < file->rings().size(); ++i) {
    const auto& ring = file->rings()[i];
    const auto last = ring.head();
    auto first = std::max(ring.tail(), on_disk[i]);
    if (last > ring.capacity() && first < last - ring.capacity()) first = last - ring.capacity();
    ring_lost_[{node, i}] = ring.lost();
    if (first >= last) continue;
    ring_first_[{node, i}] = first;
    auto& left = left_in_rings_[{node, i}];
    for (auto at = first; at < last; ++at) left.push_back(ring.at(at));
  }
}

void trace_run::count() {
  begin_ns_ = std::numeric_limits<std::int64_t>::max();
  end_ns_ = std::numeric_limits<std::int64_t>::min();
  const auto spans = [&](std::uint8_t node, std::int64_t first, std::int64_t last) {
    begin_ns_ = std::min(begin_ns_, first - offsets_ns_[node]);
    end_ns_ = std::max(end_ns_, last - offsets_ns_[node]);
  };
  std::map<ring_place, std::uint64_t> expected;
  std::map<std::uint8_t, bool> last_ended, window;
  const auto meet = [&](ring_place ring, std::uint64_t first, std::uint64_t count) {
    auto& next = expected[ring];
    if (first > next) (next == 0 && window[ring.first] ? before_window_ : lost_) += first - next;
    next = std::max(next, first + count);
    records_ += count;
  };
  for (const auto& file : files_) {
    const auto node = static_cast<std::uint8_t>(file.header().node);
    // A trace that does not begin with its first segment has lost the earlier ones to its window, by intent.
    if (!last_ended.contains(node)) window[node] = file.header().segment > 0;
    last_ended[node] = file.ended();
    sample_ = std::max(sample_, file.header().sample);
    bytes_ += file.bytes();
    for (const auto& chunk : file.chunks()) {
      meet({node, chunk.ring}, chunk.first_sequence, chunk.count);
      spans(node, chunk.first_time_ns, chunk.last_time_ns);
      auto& lost = ring_lost_[{node, chunk.ring}];
      lost = std::max(lost, chunk.lost);
    }
  }
  for (const auto& [ring, left] : left_in_rings_) {
    meet(ring, ring_first_[ring], left.size());
    spans(ring.first, left.front().time_ns, left.back().time_ns);
    in_rings_ += left.size();
  }
  // A trace that was closed says where each ring ended: what came after its last chunk was refused.
  for (const auto node : nodes())
    for (std::uint32_t i = 0; i < no_interface; ++i) {
      const auto name = "ring." + std::to_string(node) + "." + std::to_string(i);
      const auto last = names_.fact(name + ".records");
      if (last.empty()) break;
      const ring_place ring{node, static_cast<std::uint16_t>(i)};
      meet(ring, static_cast<std::uint64_t>(number_or(last, 0)), 0);
      auto& lost = ring_lost_[ring];
      lost = std::max(lost, static_cast<std::uint64_t>(number_or(names_.fact(name + ".lost"), 0)));
    }
  for (const auto& [ring, lost] : ring_lost_) lost_ += lost;
  for (const auto& [node, ended] : last_ended)
    lost_ += static_cast<std::uint64_t>(number_or(names_.fact("unheard." + std::to_string(node)), 0));
  for (const auto& [node, ended] : last_ended) ended_ = ended_ && ended;
  if (records_ == 0) begin_ns_ = end_ns_ = files_.front().header().monotonic_ns;
  const auto& first = files_.front().header();
  realtime_offset_ns_ = first.realtime_ns - first.monotonic_ns + offsets_ns_[static_cast<std::uint8_t>(first.node)];
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
  std::map<ring_place, std::vector<trace_cursor::place>> chunks;
  for (const auto& file : files_) {
    const auto node = static_cast<std::uint8_t>(file.header().node);
    const auto offset = offsets_ns_.at(node);
    for (const auto& chunk : file.chunks())
      if (chunk.last_time_ns - offset >= from_ns && chunk.first_time_ns - offset < to_ns)
        chunks[{node, chunk.ring}].push_back({&file, chunk});
  }
  for (const auto& [ring, left] : left_in_rings_) chunks[ring]; // may have nothing on disk
  std::vector<trace_cursor> all;
  for (auto& [ring, places] : chunks) {
    const auto left = left_in_rings_.find(ring);
    all.emplace_back(ring, std::move(places), left == left_in_rings_.end() ? nullptr : &left->second,
                     offsets_ns_.at(ring.first));
  }
  return all;
}

} // namespace syngrad::tools
