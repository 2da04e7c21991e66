#include "runtime/data/idx.hpp"

#include "runtime/data/byte_reader.hpp"
#include "runtime/result.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fmt/core.h>
#include <map>
#include <numeric>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace syngrad {

struct idx_files {
  std::string train_images, train_labels, test_images, test_labels; // paths
};

// `where` is a folder, or FOLDER/PREFIX. In a folder, files without a prefix are taken, or else those of the only one.
// Of several forms of a name the first of these is taken: plain before .gz, "-" before ".", t10k before test.
result<idx_files> find_idx_files(const std::string& where);

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
    return error::file((folder / name).string() + ": neither it nor " + name +
                       ".gz exists; put it there, or give another folder");
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

result<idx_files> find_in_folder(const std::string& where) {
  const auto sets = sets_in(where);
  if (const auto plain = sets.find(""); plain != sets.end()) return complete(where, "", plain->second);
  if (sets.size() == 1) return complete(where, sets.begin()->first, sets.begin()->second);
  if (sets.size() > 1)
    return error::setting("'" + where + "' holds several data sets: " + list(sets) +
                          "; name one, such as mnist:" + (fs::path(where) / sets.begin()->first).string());
  if (const auto below = folder_below(where); !below.empty())
    return error::setting("'" + where + "': the files are in a folder below; use mnist:" + below);
  return complete(where, "", {});
}

} // namespace

result<idx_files> find_idx_files(const std::string& where) {
  std::error_code ignored; // what cannot be looked at counts as missing
  if (fs::is_directory(where, ignored)) return find_in_folder(where);
  const fs::path path(where);
  const auto folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  const auto prefix = path.filename().string();
  const auto sets = sets_in(folder);
  if (const auto wanted = sets.find(prefix); !prefix.empty() && wanted != sets.end())
    return complete(folder, prefix, wanted->second);
  return error::file("'" + where +
                     "': no such folder; give one with train-images-idx3-ubyte[.gz] and its three companions" +
                     (sets.empty() ? "" : ", or a prefix of the files in '" + folder.string() + "': " + list(sets)));
}

namespace {

constexpr std::uint32_t image_magic = 0x00000803;
constexpr std::uint32_t label_magic = 0x00000801;
constexpr std::uint64_t most_samples = 100'000'000; // beyond these a header is taken for damaged
constexpr std::uint64_t most_pixels = 1 << 24;
constexpr std::size_t chunk_bytes = 1 << 22;

const std::string fetch_again = "; fetch the file again";

struct idx_file {
  std::string path;
  std::vector<std::uint32_t> extents; // samples first
  std::vector<std::uint8_t> bytes;
};

struct part {
  idx_file images;
  idx_file labels;
};

std::string hexadecimal(std::uint32_t value) {
  std::string text = "0x";
  for (int shift = 28; shift >= 0; shift -= 4) text += "0123456789abcdef"[(value >> shift) & 15];
  return text;
}

result<std::uint32_t> read_word(byte_reader& reader, const std::string& path) {
  std::array<std::uint8_t, 4> raw{};
  const auto got = reader.read(raw.data(), raw.size());
  if (!got) return got.failure();
  if (*got < raw.size()) return error::data(path + ": truncated within its header" + fetch_again);
  return static_cast<std::uint32_t>(raw[0]) << 24 | static_cast<std::uint32_t>(raw[1]) << 16 |
         static_cast<std::uint32_t>(raw[2]) << 8 | raw[3];
}

status read_header(byte_reader& reader, std::uint32_t expected_magic, idx_file& file) {
  const auto magic = read_word(reader, file.path);
  if (!magic) return magic.failure();
  if (*magic != expected_magic) {
    const auto content = expected_magic == image_magic ? " of images" : " of labels";
    return error::data(file.path + ": begins with " + hexadecimal(*magic) + " instead of " +
                       hexadecimal(expected_magic) + ": not an IDX file" + content +
                       "; check that the file has the right name");
  }
  const auto rank = expected_magic & 0xff;
  for (std::uint32_t axis = 0; axis < rank; ++axis) {
    const auto extent = read_word(reader, file.path);
    if (!extent) return extent.failure();
    file.extents.push_back(*extent);
  }
  return ok();
}

// Samples times bytes a sample, or nothing if the header cannot be true.
std::uint64_t promised_bytes(const idx_file& file) {
  std::uint64_t per_sample = 1;
  for (std::size_t axis = 1; axis < file.extents.size(); ++axis) {
    per_sample *= file.extents[axis]; // at most 2^24 * 2^32
    if (per_sample == 0 || per_sample > most_pixels) return 0;
  }
  return file.extents[0] > most_samples ? 0 : per_sample * file.extents[0];
}

status read_content(byte_reader& reader, std::uint64_t promised, idx_file& file) {
  const auto size = static_cast<std::size_t>(promised);
  file.bytes.reserve(static_cast<std::size_t>(std::min(promised, reader.most_bytes()))); // trust no header further
  while (file.bytes.size() < size) {
    const auto done = file.bytes.size();
    const auto want = std::min(chunk_bytes, size - done);
    file.bytes.resize(done + want);
    const auto got = reader.read(file.bytes.data() + done, want);
    if (!got) return got.failure();
    if (*got < want) {
      return error::data(fmt::format("{}: truncated: its header promises {} bytes of data, it has {}{}", file.path,
                                     size, done + *got, fetch_again));
    }
  }
  std::uint8_t beyond = 0;
  const auto got = reader.read(&beyond, 1);
  if (!got) return got.failure();
  if (*got != 0)
    return error::data(
      fmt::format("{}: goes on after the {} bytes of data that its header promises{}", file.path, size, fetch_again));
  return ok();
}

result<idx_file> read_idx(const std::string& path, std::uint32_t magic) {
  auto reader = byte_reader::open(path);
  if (!reader) return reader.failure();
  idx_file file{path, {}, {}};
  if (auto done = read_header(*reader, magic, file); !done) return done.failure();
  const auto promised = promised_bytes(file);
  if (promised == 0) {
    std::string extents;
    for (const auto extent : file.extents) extents += fmt::format("{}{}", extents.empty() ? "" : " x ", extent);
    return error::data(file.path + ": its header promises an impossible " + extents + fetch_again);
  }
  if (auto done = read_content(*reader, promised, file); !done) return done.failure();
  return file;
}

result<part> read_part(const std::string& image_path, const std::string& label_path) {
  auto images = read_idx(image_path, image_magic);
  if (!images) return images.failure();
  auto labels = read_idx(label_path, label_magic);
  if (!labels) return labels.failure();
  if (images->extents[0] != labels->extents[0]) {
    return error::data(fmt::format("{}: {} labels for the {} images of {}; use files of the same set", labels->path,
                                   labels->extents[0], images->extents[0], images->path));
  }
  return part{std::move(*images), std::move(*labels)};
}

// What class each label of 0..255 is; -1: none.
using class_table = std::array<std::int32_t, 256>;

result<class_table> number_classes(const idx_file& labels, std::optional<label_rule> rule, dataset& into) {
  std::array<std::int64_t, 256> first_row;
  first_row.fill(-1);
  for (auto row = static_cast<std::int64_t>(labels.bytes.size()) - 1; row >= 0; --row)
    first_row[labels.bytes[static_cast<std::size_t>(row)]] = row;
  std::vector<label> different;
  for (std::size_t value = 0; value < first_row.size(); ++value)
    if (first_row[value] >= 0)
      different.push_back(
        {std::to_string(value), "row " + std::to_string(first_row[value]), static_cast<double>(value)});
  if (different.size() < 2)
    return error::data(labels.path + ": all images have the same label, " + different[0].text +
                       "; nothing can be told apart by it");

  auto numbering = number_labels(labels.path, different, rule);
  if (!numbering) return numbering.failure();
  class_table classes;
  classes.fill(-1);
  if (numbering->names.empty()) std::iota(classes.begin(), classes.begin() + numbering->classes, 0);
  for (std::size_t i = 0; i < different.size(); ++i)
    classes[static_cast<std::size_t>(*different[i].number)] = numbering->class_of[i];
  into.target = label_spec(numbering->classes);
  into.class_names = std::move(numbering->names);
  into.notes = std::move(numbering->notes);
  return classes;
}

result<sample_set> to_samples(part&& from, const class_table& classes) {
  sample_set samples;
  samples.count = from.images.extents[0];
  samples.bytes = std::move(from.images.bytes);
  samples.labels.reserve(from.labels.bytes.size());
  for (const auto value : from.labels.bytes) {
    if (classes[value] < 0)
      return error::data(fmt::format("{}: row {} has label {}, which no training image has; use files of the same set",
                                     from.labels.path, samples.labels.size(), value));
    samples.labels.push_back(classes[value]);
  }
  return samples;
}

} // namespace

result<dataset> load_idx(const std::string& where, std::optional<label_rule> rule) {
  const auto files = find_idx_files(where);
  if (!files) return files.failure();
  auto train = read_part(files->train_images, files->train_labels);
  if (!train) return train.failure();
  auto test = read_part(files->test_images, files->test_labels);
  if (!test) return test.failure();

  const auto size = [](const idx_file& images) { return fmt::format("{} x {}", images.extents[1], images.extents[2]); };
  if (size(train->images) != size(test->images)) {
    return error::data(test->images.path + ": images of " + size(test->images) + ", but those of " +
                       train->images.path + " are " + size(train->images) + "; use files of the same set");
  }

  dataset data;
  data.name = where;
  data.input = {{train->images.extents[1], train->images.extents[2], 1}};
  const auto classes = number_classes(train->labels, rule, data);
  if (!classes) return classes.failure();
  auto train_samples = to_samples(std::move(*train), *classes);
  if (!train_samples) return train_samples.failure();
  auto test_samples = to_samples(std::move(*test), *classes);
  if (!test_samples) return test_samples.failure();
  data.train = std::move(*train_samples);
  data.test = std::move(*test_samples);
  return data;
}

} // namespace syngrad
