#include "actors/checkpoints/checkpoint_folder.hpp"

#include "actors/checkpoints/checkpoint_manifest.hpp"
#include "actors/links/link_packets.hpp"
#include "runtime/cpu/cpu_device.hpp"
#include "runtime/io/output_file.hpp"
#include "runtime/io/safetensors.hpp"
#include "runtime/text.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fmt/core.h>
#include <system_error>
#include <unistd.h>

namespace syngrad {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view checkpoint_prefix = "step-";
constexpr const char* manifest_name = "manifest.json";

std::string name_of_step(std::int64_t step) {
  return fmt::format("{}{:09}", checkpoint_prefix, step);
}

std::optional<std::int64_t> step_of_name(std::string_view name) {
  if (!name.starts_with(checkpoint_prefix)) return std::nullopt;
  return parse_number<std::int64_t>(name.substr(checkpoint_prefix.size()));
}

bool is_unfinished(std::string_view name) {
  return name.starts_with(".step-");
}

status make_folder(const std::string& path) {
  if (::mkdir(path.c_str(), 0777) == 0 || errno == EEXIST) return ok();
  return file_error("create folder", path, errno);
}

status sync_folder(const std::string& path) {
  const open_file folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.number < 0 || ::fsync(folder.number) != 0) return file_error("sync folder", path, errno);
  return ok();
}

void remove_folder(const std::string& path) {
  std::error_code ignored;
  fs::remove_all(path, ignored);
}

// Under a name that nobody takes for a checkpoint first: who is interrupted here leaves no half of one.
status remove_checkpoint(const std::string& checkpoints, const listed_checkpoint& old) {
  const auto aside = checkpoints + "/.step-" + std::to_string(old.step) + "-removed";
  remove_folder(aside);
  if (::rename(old.path.c_str(), aside.c_str()) != 0) return file_error("remove", old.path, errno);
  remove_folder(aside);
  return ok();
}

void remove_unfinished(const std::string& checkpoints) {
  std::error_code failed;
  std::vector<std::string> found;
  fs::directory_iterator entry(checkpoints, failed);
  for (const fs::directory_iterator none; !failed && entry != none; entry.increment(failed))
    if (is_unfinished(entry->path().filename().string())) found.push_back(entry->path().string());
  for (const auto& each : found) remove_folder(each);
}

// Takes the place of what stands there, in one step where the file system can.
status put_in_place(const std::string& made, const std::string& path) {
  if (::rename(made.c_str(), path.c_str()) == 0) return ok();
  if (errno != ENOTEMPTY && errno != EEXIST) return file_error("rename", made, errno);
  if (::renameat2(AT_FDCWD, made.c_str(), AT_FDCWD, path.c_str(), RENAME_EXCHANGE) != 0) {
    const auto aside = made + "-old";
    if (::rename(path.c_str(), aside.c_str()) != 0 || ::rename(made.c_str(), path.c_str()) != 0)
      return file_error("replace", path, errno);
    remove_folder(aside);
    return ok();
  }
  remove_folder(made);
  return ok();
}

std::string sum_text(std::uint64_t sum) {
  return fmt::format("{:016x}", sum);
}

result<checkpoint_manifest::part> write_part(const std::string& folder, const saved_part& part) {
  if (part.name.empty() || part.name[0] == '.' || part.name.find('/') != part.name.npos)
    return error::internal("a part of a run is called '" + part.name + "', which no file can be");
  checkpoint_manifest::part out{part.name, part.name + ".safetensors", 0, ""};
  std::vector<safetensors_entry> entries;
  for (const auto& each : part.tensors) entries.push_back(safetensors_entry_of(each.name, each.value));
  const auto path = folder + "/" + out.file;
  auto file = atomic_file::create(path, safetensors_size(entries, part.words));
  if (!file) return file.failure();
  chunk_sum sum;
  const auto written = [&](const void* data, std::size_t bytes) {
    sum.add(static_cast<const char*>(data), bytes);
    out.bytes += bytes;
  };
  if (auto done = write_safetensors(*file, entries, part.words, written); !done) return done.failure();
  out.sum = sum_text(sum.get());
  return out;
}

status write_manifest(const std::string& folder, const checkpoint_manifest& manifest) {
  auto file = atomic_file::create(folder + "/" + manifest_name);
  if (!file) return file.failure();
  if (auto done = file->write(format_checkpoint_manifest(manifest)); !done) return done;
  return file->commit();
}

status write_all(const std::string& folder, const saved_run& run, const checkpoint_facts& facts) {
  checkpoint_manifest manifest{run.step, run.words, facts, {}};
  for (const auto& part : run.parts) {
    auto written = write_part(folder, part);
    if (!written) return written.failure();
    manifest.parts.push_back(std::move(*written));
  }
  if (auto done = write_manifest(folder, manifest); !done) return done;
  return sync_folder(folder);
}

// Host memory of what was read, which lives as long as the tensors.
struct state_in_memory {
  cpu_device memory;
  saved_run run;
};

// By pieces.
result<std::string> sum_of(file_descriptor& file, std::uint64_t bytes) {
  constexpr std::uint64_t piece = std::uint64_t{1} << 20;
  chunk_sum sum;
  std::string part;
  for (auto left = bytes; left > 0; left -= part.size()) {
    part.resize(std::min(left, piece));
    if (auto done = file.read(part.data(), part.size()); !done) return done.failure();
    sum.add(part.data(), part.size());
  }
  return sum_text(sum.get());
}

status check_sum(const std::string& path, const checkpoint_manifest::part& part) {
  auto file = file_descriptor::open_for_reading(path);
  if (!file) return file.failure();
  const auto size = file->size();
  if (!size) return size.failure();
  if (*size != part.bytes)
    return error::data(
      fmt::format("{}: has {} bytes, and the manifest says {}; it is damaged", path, *size, part.bytes));
  const auto sum = sum_of(*file, *size);
  if (!sum) return sum.failure();
  return *sum == part.sum ? ok() : error::data(path + ": its sum is not that of the manifest; it is damaged");
}

result<saved_part> read_part(const std::string& path, const std::string& name, stream& owner) {
  auto file = read_safetensors(path);
  if (!file) return file.failure();
  saved_part part{name, {}, std::move(file->metadata)};
  for (const auto& each : file->tensors) {
    auto value = make_tensor(owner, each.extents, each.type);
    if (!each.bytes.empty()) std::memcpy(value.data(), each.bytes.data(), each.bytes.size());
    part.tensors.push_back({each.name, std::move(value)});
  }
  return part;
}

} // namespace

result<std::string> write_checkpoint(const std::string& checkpoints, const saved_run& run,
                                     const checkpoint_facts& facts) {
  if (auto made = make_folder(checkpoints); !made) return made.failure();
  remove_unfinished(checkpoints);
  const auto name = name_of_step(run.step);
  const auto unfinished = checkpoints + "/." + name, path = checkpoints + "/" + name;
  if (auto made = make_folder(unfinished); !made) return made.failure();
  auto done = write_all(unfinished, run, facts);
  if (done) done = put_in_place(unfinished, path);
  if (done) done = sync_folder(checkpoints);
  if (done) return path;
  remove_folder(unfinished);
  return done.failure();
}

std::vector<listed_checkpoint> list_checkpoints(const std::string& checkpoints) {
  std::vector<listed_checkpoint> found;
  std::error_code failed;
  fs::directory_iterator entry(checkpoints, failed);
  for (const fs::directory_iterator none; !failed && entry != none; entry.increment(failed))
    if (const auto step = step_of_name(entry->path().filename().string()))
      found.push_back({*step, entry->path().string()});
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.step < b.step; });
  return found;
}

result<checkpoint_manifest> read_checkpoint_manifest(const std::string& path) {
  return parse_checkpoint_manifest(path + "/" + manifest_name);
}

result<std::string> sum_of_file(const std::string& path) {
  auto file = file_descriptor::open_for_reading(path);
  if (!file) return file.failure();
  const auto size = file->size();
  if (!size) return size.failure();
  return sum_of(*file, *size);
}

status verify_checkpoint(const std::string& path) {
  const auto manifest = read_checkpoint_manifest(path);
  if (!manifest) return manifest.failure();
  for (const auto& each : manifest->parts)
    if (auto good = check_sum(path + "/" + each.file, each); !good) return good;
  return ok();
}

result<checkpoint> read_checkpoint(const std::string& path) {
  auto manifest = read_checkpoint_manifest(path);
  if (!manifest) return manifest.failure();
  const auto state = std::make_shared<state_in_memory>();
  auto& owner = state->memory.make_stream();
  state->run.step = manifest->step;
  state->run.words = manifest->words;
  for (const auto& each : manifest->parts) {
    const auto file = path + "/" + each.file;
    if (auto good = check_sum(file, each); !good) return good.failure();
    auto part = read_part(file, each.name, owner);
    if (!part) return part.failure();
    state->run.parts.push_back(std::move(*part));
  }
  return checkpoint{path, std::move(*manifest), std::shared_ptr<const saved_run>(state, &state->run)};
}

result<newest_checkpoint> read_newest_checkpoint(const std::string& checkpoints) {
  const auto all = list_checkpoints(checkpoints);
  std::vector<std::string> refused;
  for (auto each = all.rbegin(); each != all.rend(); ++each) {
    auto read = read_checkpoint(each->path);
    if (read) return newest_checkpoint{std::move(*read), std::move(refused)};
    refused.push_back(read.message());
  }
  if (refused.empty())
    return error::file(checkpoints + ": no checkpoint there; a run makes them with --checkpoint-every, and at Ctrl-C");
  return error::data(checkpoints + ": no checkpoint is whole: " + join_text(refused, "; "));
}

status keep_newest_checkpoints(const std::string& checkpoints, std::size_t count) {
  auto all = list_checkpoints(checkpoints);
  if (all.size() <= count) return ok();
  all.resize(all.size() - std::max<std::size_t>(count, 1));
  for (const auto& each : all)
    if (auto done = remove_checkpoint(checkpoints, each); !done) return done;
  return ok();
}

status remove_checkpoints_after(const std::string& checkpoints, std::int64_t step) {
  for (const auto& each : list_checkpoints(checkpoints))
    if (each.step > step)
      if (auto done = remove_checkpoint(checkpoints, each); !done) return done;
  return ok();
}

} // namespace syngrad
