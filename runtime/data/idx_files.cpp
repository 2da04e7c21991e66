#include "runtime/data/idx_files.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <optional>
#include <string_view>

namespace syngrad {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t most_looked_at = 10'000; // entries of folders, where the files are not found at once

// Which of the four a file is.
enum role : std::size_t { train_images, train_labels, test_images, test_labels, roles };

struct parsed_name {
  std::string prefix;
  role which;
  int rank; // the lower, the rather it is taken
};

// Cuts `end` off, if `text` ends with it.
bool cut(std::string_view& text, std::string_view end) {
  if (!text.ends_with(end)) return false;
  text.remove_suffix(end.size());
  return true;
}

std::optional<parsed_name> parse(std::string_view name) {
  parsed_name parsed{};
  if (cut(name, ".gz")) parsed.rank += 4;
  const bool images = cut(name, "idx3-ubyte");
  if (!images && !cut(name, "idx1-ubyte")) return {};
  if (cut(name, "."))
    parsed.rank += 2;
  else if (!cut(name, "-"))
    return {};
  if (!cut(name, images ? "-images" : "-labels")) return {};
  const bool train = cut(name, "train");
  if (!train && !cut(name, "t10k")) {
    if (!cut(name, "test")) return {};
    parsed.rank += 1;
  }
  if (!name.empty() && !cut(name, "-")) return {};
  parsed.prefix = std::string(name);
  parsed.which = images ? (train ? train_images : test_images) : (train ? train_labels : test_labels);
  return parsed;
}

struct found_file {
  std::string path; // empty: none
  int rank = 0;
};
using file_set = std::array<found_file, roles>;

// By prefix. A folder that cannot be read has nothing.
std::map<std::string, file_set> sets_in(const fs::path& folder) {
  std::map<std::string, file_set> sets;
  std::error_code ended;
  for (fs::directory_iterator entry(folder, ended), none; !ended && entry != none; entry.increment(ended)) {
    auto path = entry->path();
    auto parsed = parse(path.filename().string());
    if (!parsed) continue;
    std::error_code unknown;
    if (entry->is_directory(unknown)) { // some archives put each file into a folder of its own name
      if (fs::exists(path / path.filename(), unknown)) path /= path.filename();
      parsed->rank += 8;
    }
    auto& file = sets[parsed->prefix][parsed->which];
    if (file.path.empty() || parsed->rank < file.rank) file = {path.string(), parsed->rank};
  }
  return sets;
}

std::string usual_name(const std::string& prefix, role which) {
  static constexpr std::array names{"train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte",
                                    "t10k-labels-idx1-ubyte"};
  if (prefix.empty()) return names[which];
  auto name = prefix + "-" + names[which];
  if (const auto usual = name.find("-t10k-", prefix.size()); usual != name.npos) name.replace(usual, 6, "-test-");
  return name;
}

result<idx_files> complete(const fs::path& folder, const std::string& prefix, const file_set& files) {
  for (const auto which : {train_images, train_labels, test_images, test_labels}) {
    if (!files[which].path.empty()) continue;
    const auto name = usual_name(prefix, which);
    return error{(folder / name).string() + ": neither it nor " + name +
                 ".gz exists; put it there, or give another folder"};
  }
  return idx_files{files[train_images].path, files[train_labels].path, files[test_images].path,
                   files[test_labels].path};
}

std::string list(const std::map<std::string, file_set>& sets) {
  std::string text;
  for (const auto& [prefix, files] : sets) text += (text.empty() ? "" : ", ") + (prefix.empty() ? "(none)" : prefix);
  return text;
}

// A folder below that has such files; empty: none near.
std::string folder_below(const fs::path& folder) {
  std::error_code ended;
  std::size_t looked_at = 0;
  const auto options = fs::directory_options::skip_permission_denied;
  for (fs::recursive_directory_iterator entry(folder, options, ended), none;
       !ended && entry != none && ++looked_at < most_looked_at; entry.increment(ended)) {
    std::error_code unknown;
    if (entry.depth() > 2) entry.disable_recursion_pending();
    if (entry->is_regular_file(unknown) && parse(entry->path().filename().string()))
      return entry->path().parent_path().string();
  }
  return "";
}

result<idx_files> find_in_folder(const std::string& place) {
  const auto sets = sets_in(place);
  if (const auto plain = sets.find(""); plain != sets.end()) return complete(place, "", plain->second);
  if (sets.size() == 1) return complete(place, sets.begin()->first, sets.begin()->second);
  if (sets.size() > 1)
    return error{"'" + place + "' holds several data sets: " + list(sets) +
                 "; name one, such as mnist:" + (fs::path(place) / sets.begin()->first).string()};
  if (const auto below = folder_below(place); !below.empty())
    return error{"'" + place + "': the files are in a folder below; use mnist:" + below};
  return complete(place, "", {});
}

} // namespace

result<idx_files> find_idx_files(const std::string& place) {
  std::error_code ignored; // what cannot be looked at counts as missing
  if (fs::is_directory(place, ignored)) return find_in_folder(place);
  const fs::path path(place);
  const auto folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  const auto prefix = path.filename().string();
  const auto sets = sets_in(folder);
  if (const auto wanted = sets.find(prefix); !prefix.empty() && wanted != sets.end())
    return complete(folder, prefix, wanted->second);
  return error{"'" + place + "': no such folder; give one with train-images-idx3-ubyte[.gz] and its three companions" +
               (sets.empty() ? "" : ", or a prefix of the files in '" + folder.string() + "': " + list(sets))};
}

} // namespace syngrad
