#include "tools/trace/merge/merge_runs.hpp"

#include "runtime/trace/trace_file.hpp"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fmt/core.h>
#include <unistd.h>

namespace syngrad::tools {

namespace {

struct clock_link {
  std::int64_t offset_ns = 0; // the second node's clock minus the first one's
  std::int64_t uncertainty_ns = 0;
  std::size_t pings = 0;
};
using clock_links = std::map<std::pair<std::uint8_t, std::uint8_t>, clock_link>; // in both directions

void take(clock_link& known, std::int64_t offset_ns, std::int64_t uncertainty_ns) {
  if (known.pings == 0 || uncertainty_ns < known.uncertainty_ns) {
    known.offset_ns = offset_ns;
    known.uncertainty_ns = uncertainty_ns;
  }
  ++known.pings;
}

clock_links best_links(std::span<const clock_sample> pings) {
  clock_links found;
  for (const auto& ping : pings) {
    // An answer that took less than no time was recorded wrongly.
    if (ping.node == ping.other || ping.uncertainty_ns() < 0 || ping.t3 < ping.t0 || ping.t2 < ping.t1) continue;
    take(found[{ping.node, ping.other}], ping.offset_ns(), ping.uncertainty_ns());
    take(found[{ping.other, ping.node}], -ping.offset_ns(), ping.uncertainty_ns());
  }
  return found;
}

} // namespace

std::map<std::uint8_t, aligned_clock> align_clocks(const std::vector<std::uint8_t>& nodes,
                                                   std::span<const clock_sample> pings) {
  const auto known = best_links(pings);
  const auto lowest = *std::min_element(nodes.begin(), nodes.end());
  std::map<std::uint8_t, aligned_clock> done, reached{{lowest, {0, 0, lowest, 0}}};
  while (!reached.empty()) { // Dijkstra's shortest paths; there are few nodes
    const auto next = std::min_element(reached.begin(), reached.end(), [](const auto& a, const auto& b) {
      return a.second.uncertainty_ns < b.second.uncertainty_ns;
    });
    const auto [node, clock] = *next;
    reached.erase(next);
    done[node] = clock;
    for (const auto& [ends, link] : known) {
      const auto other = ends.second;
      if (ends.first != node || done.contains(other)) continue;
      const aligned_clock way{clock.offset_ns + link.offset_ns, clock.uncertainty_ns + link.uncertainty_ns, node,
                              link.pings};
      const auto before = reached.find(other);
      if (before == reached.end() || way.uncertainty_ns < before->second.uncertainty_ns) reached[other] = way;
    }
  }
  return done;
}

namespace fs = std::filesystem;

namespace {

status check_together(std::span<const trace_run> runs) {
  std::map<std::uint8_t, std::string> owners;
  const auto& first = runs.front();
  for (const auto& run : runs) {
    if (run.files().front().header().run_id != first.files().front().header().run_id)
      return error::setting("'" + run.folder() + "' and '" + first.folder() +
                            "' are of different runs; merge the nodes of one run");
    for (const auto node : run.nodes())
      if (const auto [owner, fresh] = owners.emplace(node, run.folder()); !fresh)
        return error::setting(fmt::format("'{}' and '{}' both hold node {}; name each node's trace once", owner->second,
                                          run.folder(), node));
    if (run.going_on()) return error::busy("'" + run.folder() + "' still goes on; wait for its end");
    if (!run.ended())
      return error::data("'" + run.folder() +
                         "' was killed; first bring back its last records: syngrad trace recover " + run.folder());
  }
  return ok();
}

// On the clocks of their own nodes, whatever an earlier merge found out.
std::vector<clock_sample> pings_of(std::span<const trace_run> runs) {
  std::vector<clock_sample> pings;
  std::vector<trace_record> records;
  chunk_codec codec;
  for (const auto& run : runs)
    for (const auto& file : run.files())
      for (const auto& chunk : file.chunks()) {
        if (!file.read(chunk, codec, records)) continue;
        for (const auto& record : records)
          if (record.kind == record_kind::clock) pings.push_back(clock_sample_of(record));
      }
  return pings;
}

const trace_file& first_of(std::span<const trace_run> runs, std::uint8_t node) {
  for (const auto& run : runs)
    for (const auto& file : run.files())
      if (file.header().node == node) return file;
  return runs.front().files().front(); // not reached: `node` is one of theirs
}

// What the node's clock shows when the time of day is 0.
std::int64_t anchor_of(const trace_file& file) {
  return file.header().monotonic_ns - file.header().realtime_ns;
}

result<std::vector<merged_node>> align(std::span<const trace_run> runs, bool guess) {
  std::map<std::uint8_t, std::string> owners;
  for (const auto& run : runs)
    for (const auto node : run.nodes()) owners[node] = run.folder();
  std::vector<std::uint8_t> nodes;
  for (const auto& [node, owner] : owners) nodes.push_back(node);
  const auto clocks = align_clocks(nodes, pings_of(runs));
  std::vector<merged_node> all;
  for (const auto& [node, owner] : owners) {
    auto& out = all.emplace_back();
    out.node = node;
    out.from = owner;
    if (const auto found = clocks.find(node); found != clocks.end()) {
      out.offset_ns = found->second.offset_ns;
      out.uncertainty_ns = found->second.uncertainty_ns;
      out.over = found->second.over;
      out.pings = found->second.pings;
    } else if (guess) {
      out.offset_ns = anchor_of(first_of(runs, node)) - anchor_of(first_of(runs, nodes.front()));
    } else {
      return error::data(
        fmt::format("the clock of node {} ('{}') was never compared with that of node {}; with --force its times are "
                    "placed by the time of day, which may be wrong by many milliseconds",
                    node, owner, nodes.front()));
    }
  }
  return all;
}

// Where the merged trace is made, beside the folder that it goes to; gone at the end with what is still in it.
class working_folder {
public:
  explicit working_folder(const std::string& target) : path_(target + ".partial-" + std::to_string(::getpid())) {}
  ~working_folder() {
    std::error_code ignored;
    if (made_) fs::remove_all(path_, ignored);
  }
  working_folder(const working_folder&) = delete;
  working_folder& operator=(const working_folder&) = delete;

  const std::string& path() const { return path_; }
  status make() {
    std::error_code failure;
    fs::create_directories(fs::path(path_).parent_path(), failure);
    made_ = !failure && fs::create_directory(path_, failure);
    return made_ ? ok() : file_error("create", path_, failure ? failure.value() : EEXIST);
  }
  status move_to(const std::string& folder) const {
    std::error_code failure;
    fs::create_directories(folder, failure);
    if (failure) return file_error("create", folder, failure.value());
    for (const auto& entry : fs::directory_iterator(path_)) {
      const auto to = folder + "/" + entry.path().filename().string();
      fs::rename(entry.path(), to, failure);
      if (failure) return file_error("rename to", to, failure.value());
    }
    return ok();
  }

private:
  std::string path_;
  bool made_ = false;
};

status check_free(const std::string& folder) {
  std::error_code failure;
  for (const auto& entry : fs::directory_iterator(folder, failure))
    if (entry.path().extension() == ".trace" || entry.path().extension() == ".rings")
      return error::setting("'" + folder + "' holds a trace already; choose another folder");
  return ok();
}

status copy_segments(std::span<const trace_run> runs, const std::string& folder) {
  std::error_code failure;
  for (const auto& run : runs)
    for (const auto& file : run.files()) {
      const auto to = folder + "/" + segment_name(file.header().node, file.header().segment);
      if (!fs::copy_file(file.path(), to, failure)) return file_error("copy to", to, failure.value());
    }
  return ok();
}

// At the end of the last node's last segment, whose facts come after all others.
status add_clocks(const std::vector<merged_node>& nodes, std::span<const trace_run> runs, const std::string& folder) {
  trace_names names;
  for (const auto& each : nodes) {
    const auto key = std::to_string(each.node);
    names.facts["clock.offset." + key] = std::to_string(each.offset_ns);
    names.facts["clock.uncertainty." + key] = each.uncertainty_ns ? std::to_string(*each.uncertainty_ns) : "unknown";
  }
  const trace_file* last = nullptr;
  for (const auto& run : runs)
    for (const auto& file : run.files())
      if (file.header().node == nodes.back().node) last = &file;
  auto writer = trace_writer::resume(folder, last->header(), last->bytes(), names);
  if (!writer) return writer.failure();
  return writer->append(names);
}

} // namespace

result<std::vector<merged_node>> merge_runs(std::span<const trace_run> runs, const std::string& folder, bool guess) {
  if (auto done = check_together(runs); !done) return done.failure();
  auto nodes = align(runs, guess);
  if (!nodes) return nodes.failure();
  if (auto free = check_free(folder); !free) return free.failure();
  working_folder work(folder);
  if (auto done = work.make(); !done) return done.failure();
  if (auto done = copy_segments(runs, work.path()); !done) return done.failure();
  if (auto done = add_clocks(*nodes, runs, work.path()); !done) return done.failure();
  if (auto done = work.move_to(folder); !done) return done.failure();
  return nodes;
}

} // namespace syngrad::tools
