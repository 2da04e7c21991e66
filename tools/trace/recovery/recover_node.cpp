#include "tools/trace/recovery/recover_node.hpp"

#include "runtime/trace/ring_file.hpp"
#include "runtime/trace/trace_file.hpp"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fmt/core.h>
#include <map>
#include <optional>
#include <unistd.h>

namespace syngrad::tools {

namespace fs = std::filesystem;

namespace {

status remove_file(const std::string& path) {
  if (::unlink(path.c_str()) != 0) return file_error("remove", path, errno);
  return ok();
}

result<std::vector<ring_snapshot>> read_all(const ring_file& rings, const std::string& path) {
  std::vector<ring_snapshot> all;
  for (std::size_t i = 0; i < rings.rings().size(); ++i) {
    all.push_back(snapshot_of(rings.rings()[i]));
    if (!all.back().sound)
      return error::data(
        fmt::format("ring {} of '{}' contradicts itself; remove the file to give up what only it holds", i, path));
  }
  return all;
}

bool anything_in(const std::vector<ring_snapshot>& rings) {
  return std::any_of(rings.begin(), rings.end(), [](const auto& ring) { return ring.first + ring.records.size() > 0; });
}

// The node's segments, oldest first. One whose header was still being written holds nothing yet and is removed.
result<std::vector<trace_file>> open_segments(const fs::path& folder, std::uint32_t node) {
  std::vector<std::string> paths;
  std::error_code failure;
  const auto prefix = fmt::format("node{}-", node);
  for (const auto& entry : fs::directory_iterator(folder, failure)) {
    const auto name = entry.path().filename().string();
    if (name.starts_with(prefix) && name.ends_with(".trace")) paths.push_back(entry.path().string());
  }
  std::sort(paths.begin(), paths.end());
  if (!paths.empty() && fs::file_size(paths.back(), failure) < sizeof(trace_file_header)) {
    if (auto done = remove_file(paths.back()); !done) return done.failure();
    paths.pop_back();
  }
  std::vector<trace_file> files;
  for (const auto& path : paths) {
    auto file = trace_file::open(path);
    if (!file && path == paths.back()) return file.failure();
    if (file) files.push_back(std::move(*file));
  }
  return files;
}

std::map<std::uint16_t, std::uint64_t> ends_on_disk(const std::vector<trace_file>& files) {
  std::map<std::uint16_t, std::uint64_t> ends;
  for (const auto& file : files)
    for (const auto& chunk : file.chunks())
      ends[chunk.ring] = std::max(ends[chunk.ring], chunk.first_sequence + chunk.count);
  return ends;
}

// Returns how many records that were.
result<std::uint64_t> append_rest(trace_writer& writer, std::uint16_t number, const ring_snapshot& ring,
                                  std::uint64_t on_disk) {
  const std::span records(ring.records);
  const auto end = ring.first + records.size();
  const auto first = std::min(std::max(ring.first, on_disk), end);
  for (auto at = first; at < end; at += most_records_a_chunk) {
    const auto count = std::min<std::uint64_t>(end - at, most_records_a_chunk);
    if (auto done = writer.append(number, at, ring.lost, records.subspan(at - ring.first, count)); !done)
      return done.failure();
  }
  return end - first;
}

trace_names last_words(const ring_file& rings, const std::vector<ring_snapshot>& all, trace_names names) {
  const auto node = std::to_string(rings.described().node);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto name = fmt::format("ring.{}.{}", node, i);
    names.facts[name + ".records"] = std::to_string(all[i].first + all[i].records.size());
    names.facts[name + ".lost"] = std::to_string(all[i].lost);
  }
  names.facts["unheard." + node] = std::to_string(rings.unheard());
  return names;
}

} // namespace

result<recovered_node> recover_node(const std::string& path) {
  const auto rings = ring_file::open(path, true);
  if (!rings) return rings.failure();
  recovered_node out;
  out.node = rings->described().node;
  const auto all = read_all(*rings, path);
  if (!all) return all.failure();
  const auto folder = fs::path(path).parent_path();
  const auto files = open_segments(folder, out.node);
  if (!files) return files.failure();
  if (files->empty()) { // killed before its first record, or somebody took them away
    if (anything_in(*all)) return error::data(fmt::format("the segments of node {} are missing", out.node));
    if (auto done = remove_file(path); !done) return done.failure();
    return out;
  }
  const auto& last = files->back();
  if (last.header().run_id != rings->described().run_id)
    return error::data("'" + path + "' and '" + last.path() + "' belong to different runs");
  if (!last.ended()) { // else killed between the end mark and the removal of the rings
    auto names = last_words(*rings, *all, last.names());
    auto writer = trace_writer::resume(folder.string(), last.header(), last.whole_bytes(), names);
    if (!writer) return writer.failure();
    out.cut_bytes = last.bytes() - last.whole_bytes();
    auto ends = ends_on_disk(*files);
    for (std::size_t i = 0; i < all->size(); ++i) {
      const auto number = static_cast<std::uint16_t>(i);
      const auto count = append_rest(*writer, number, (*all)[i], ends[number]);
      if (!count) return count.failure();
      out.records += *count;
    }
    if (auto done = writer->append(names); !done) return done.failure();
    if (auto done = writer->finish(chunk_recovered); !done) return done.failure();
  }
  if (auto done = remove_file(path); !done) return done.failure();
  return out;
}

} // namespace syngrad::tools
