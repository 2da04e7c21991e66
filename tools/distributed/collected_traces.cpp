#include "tools/distributed/collected_traces.hpp"

#include "runtime/io/file_descriptor.hpp"
#include "tools/trace/merge/merge_runs.hpp"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>

namespace syngrad::tools {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t piece_bytes = std::size_t{1} << 20;

// The other side is trusted to send its trace, but not to choose where it goes.
bool is_plain(const std::string& name) {
  return !name.empty() && name.size() < 200 && name.front() != '.' && name.find('/') == std::string::npos;
}

} // namespace

status send_trace_files(const std::string& folder, const std::function<void(trace_part)>& send) {
  std::error_code failure;
  for (const auto& entry : fs::directory_iterator(folder, failure)) {
    auto file = file_descriptor::open_for_reading(entry.path().string());
    const auto size = file ? file->size() : result<std::size_t>(file.failure());
    if (!size) return size.failure();
    for (std::size_t at = 0; at < *size;) {
      trace_part part{entry.path().filename().string(), {}};
      part.bytes.resize(std::min(piece_bytes, *size - at));
      if (auto read = file->read(part.bytes.data(), part.bytes.size()); !read) return read;
      at += part.bytes.size();
      send(std::move(part));
    }
  }
  return failure ? file_error("read", folder, failure.value()) : ok();
}

void collected_traces::take(const std::string& node, const trace_part& part) {
  const auto name = "trace-" + node, folder = run_path_ + "/" + name;
  if (!is_plain(part.file) || !so_far_) return;
  std::error_code failure;
  if (folders_.insert(name).second && !fs::create_directory(folder, failure)) { // what is there is of another run
    so_far_ = file_error("create folder", folder, failure ? failure.value() : EEXIST);
    return;
  }
  const auto path = folder + "/" + part.file;
  std::ofstream out(path, std::ios::binary | std::ios::app);
  out.write(part.bytes.data(), static_cast<std::streamsize>(part.bytes.size()));
  if (!out.flush()) so_far_ = file_error("write", path, errno);
}

result<collected_count> collected_traces::merge() {
  if (!so_far_) return so_far_.failure();
  const auto own = run_path_ + "/trace", merged = run_path_ + "/trace-merged";
  std::vector<std::string> folders{own};
  for (const auto& each : folders_) folders.push_back(run_path_ + "/" + each);
  std::string remedy = "; the nodes' traces lie beside it: syngrad trace merge";
  for (const auto& each : folders) remedy += " " + each;
  remedy += " --out DIR";
  std::vector<trace_run> runs;
  collected_count count;
  for (const auto& each : folders) {
    auto run = trace_run::open(each);
    if (!run) return error{run.kind(), run.message() + remedy};
    count.records += run->records();
    count.lost += run->lost();
    count.bytes += run->bytes();
    runs.push_back(std::move(*run));
  }
  if (auto done = merge_runs(runs, merged, false); !done) return error{done.kind(), done.message() + remedy};
  std::error_code failure;
  for (const auto& each : folders) fs::remove_all(each, failure);
  fs::rename(merged, own, failure);
  if (failure) return file_error("rename", merged, failure.value());
  return count;
}

} // namespace syngrad::tools
