// images: u32 0x00000803, u32 count, u32 rows, u32 columns, u8 pixel[count][rows][columns]
// labels: u32 0x00000801, u32 count, u8 label[count]
// All u32 are big-endian, and nothing follows.
#include "runtime/data/idx.hpp"

#include "runtime/data/byte_reader.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <span>
#include <utility>

namespace syngrad {
namespace {

constexpr std::uint32_t image_magic = 0x00000803;
constexpr std::uint32_t label_magic = 0x00000801;
constexpr std::uint64_t most_samples = 100'000'000; // beyond these a header is taken for damaged
constexpr std::uint64_t most_pixels = 1 << 24;
constexpr std::size_t chunk_bytes = 1 << 22;

const std::string remedy = "; fetch the file again";

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
  if (*got < raw.size()) return error{path + ": truncated within its header" + remedy};
  return static_cast<std::uint32_t>(raw[0]) << 24 | static_cast<std::uint32_t>(raw[1]) << 16 |
         static_cast<std::uint32_t>(raw[2]) << 8 | raw[3];
}

status read_header(byte_reader& reader, std::uint32_t expected_magic, idx_file& file) {
  const auto magic = read_word(reader, file.path);
  if (!magic) return magic.failure();
  if (*magic != expected_magic) {
    const auto content = expected_magic == image_magic ? " of images" : " of labels";
    return error{file.path + ": begins with " + hexadecimal(*magic) + " instead of " + hexadecimal(expected_magic) +
                 ": not an IDX file" + content + "; check that the file has the right name"};
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
      return error{file.path + ": truncated: its header promises " + std::to_string(size) + " bytes of data, it has " +
                   std::to_string(done + *got) + remedy};
    }
  }
  std::uint8_t beyond = 0;
  const auto got = reader.read(&beyond, 1);
  if (!got) return got.failure();
  if (*got != 0)
    return error{file.path + ": goes on after the " + std::to_string(size) + " bytes of data that its header promises" +
                 remedy};
  return ok();
}

// The plain file if it is there, or else the compressed one.
result<std::string> find_file(const std::string& folder, const std::string& name) {
  const auto plain = (std::filesystem::path(folder) / name).string();
  for (const auto& candidate : {plain, plain + ".gz"}) {
    std::error_code ignored; // a path that cannot be looked at counts as missing
    if (std::filesystem::exists(candidate, ignored)) return candidate;
  }
  return error{plain + ": neither it nor " + name + ".gz exists; put it there, or give another folder"};
}

result<idx_file> read_idx(const std::string& folder, const std::string& name, std::uint32_t magic) {
  auto path = find_file(folder, name);
  if (!path) return path.failure();
  auto reader = byte_reader::open(*path);
  if (!reader) return reader.failure();
  idx_file file{*path, {}, {}};
  if (auto done = read_header(*reader, magic, file); !done) return done.failure();
  const auto promised = promised_bytes(file);
  if (promised == 0) {
    std::string extents;
    for (const auto extent : file.extents) extents += (extents.empty() ? "" : " x ") + std::to_string(extent);
    return error{file.path + ": its header promises an impossible " + extents + remedy};
  }
  if (auto done = read_content(*reader, promised, file); !done) return done.failure();
  return file;
}

result<part> read_part(const std::string& folder, const std::string& prefix) {
  auto images = read_idx(folder, prefix + "-images-idx3-ubyte", image_magic);
  if (!images) return images.failure();
  auto labels = read_idx(folder, prefix + "-labels-idx1-ubyte", label_magic);
  if (!labels) return labels.failure();
  if (images->extents[0] != labels->extents[0]) {
    return error{labels->path + ": " + std::to_string(labels->extents[0]) + " labels for the " +
                 std::to_string(images->extents[0]) + " images of " + images->path + "; use files of the same set"};
  }
  return part{std::move(*images), std::move(*labels)};
}

sample_set to_samples(part&& from) {
  sample_set samples;
  samples.count = from.images.extents[0];
  samples.bytes = std::move(from.images.bytes);
  samples.labels.assign(from.labels.bytes.begin(), from.labels.bytes.end());
  return samples;
}

} // namespace

result<dataset> load_idx(const std::string& folder) {
  std::error_code ignored; // a folder that cannot be looked at counts as missing
  if (!std::filesystem::is_directory(folder, ignored))
    return error{"'" + folder +
                 "': no such folder; give one with train-images-idx3-ubyte[.gz] and its three companions"};
  auto train = read_part(folder, "train");
  if (!train) return train.failure();
  auto test = read_part(folder, "t10k");
  if (!test) return test.failure();

  const auto size = [](const idx_file& images) {
    return std::to_string(images.extents[1]) + " x " + std::to_string(images.extents[2]);
  };
  if (size(train->images) != size(test->images)) {
    return error{test->images.path + ": images of " + size(test->images) + ", but those of " + train->images.path +
                 " are " + size(train->images) + "; use files of the same set"};
  }
  const auto& labels = train->labels.bytes;
  const int classes = std::max(2, 1 + *std::max_element(labels.begin(), labels.end()));
  const auto& test_labels = test->labels.bytes;
  const auto beyond =
    std::find_if(test_labels.begin(), test_labels.end(), [&](auto label) { return label >= classes; });
  if (beyond != test_labels.end()) {
    return error{test->labels.path + ": row " + std::to_string(beyond - test_labels.begin()) + " has label " +
                 std::to_string(*beyond) + ", but the training labels end at " + std::to_string(classes - 1) +
                 "; use files of the same set"};
  }

  dataset data;
  data.name = folder;
  data.features = std::int64_t{train->images.extents[1]} * train->images.extents[2];
  data.classes = classes;
  data.train = to_samples(std::move(*train));
  data.test = to_samples(std::move(*test));
  return data;
}

} // namespace syngrad
