// images: u32 0x00000803, u32 count, u32 rows, u32 columns, u8 pixel[count][rows][columns]
// labels: u32 0x00000801, u32 count, u8 label[count]
// All u32 are big-endian, and nothing follows.
#include "runtime/data/idx.hpp"

#include "runtime/data/byte_reader.hpp"
#include "runtime/data/idx_files.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>
#include <vector>

namespace syngrad {
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
  if (*got < raw.size()) return error{path + ": truncated within its header" + fetch_again};
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
                   std::to_string(done + *got) + fetch_again};
    }
  }
  std::uint8_t beyond = 0;
  const auto got = reader.read(&beyond, 1);
  if (!got) return got.failure();
  if (*got != 0)
    return error{file.path + ": goes on after the " + std::to_string(size) + " bytes of data that its header promises" +
                 fetch_again};
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
    for (const auto extent : file.extents) extents += (extents.empty() ? "" : " x ") + std::to_string(extent);
    return error{file.path + ": its header promises an impossible " + extents + fetch_again};
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
    return error{labels->path + ": " + std::to_string(labels->extents[0]) + " labels for the " +
                 std::to_string(images->extents[0]) + " images of " + images->path + "; use files of the same set"};
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
    return error{labels.path + ": all images have the same label, " + different[0].text +
                 "; nothing can be told apart by it"};

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
      return error{from.labels.path + ": row " + std::to_string(samples.labels.size()) + " has label " +
                   std::to_string(value) + ", which no training image has; use files of the same set"};
    samples.labels.push_back(classes[value]);
  }
  return samples;
}

} // namespace

result<dataset> load_idx(const std::string& place, std::optional<label_rule> rule) {
  const auto files = find_idx_files(place);
  if (!files) return files.failure();
  auto train = read_part(files->train_images, files->train_labels);
  if (!train) return train.failure();
  auto test = read_part(files->test_images, files->test_labels);
  if (!test) return test.failure();

  const auto size = [](const idx_file& images) {
    return std::to_string(images.extents[1]) + " x " + std::to_string(images.extents[2]);
  };
  if (size(train->images) != size(test->images)) {
    return error{test->images.path + ": images of " + size(test->images) + ", but those of " + train->images.path +
                 " are " + size(train->images) + "; use files of the same set"};
  }

  dataset data;
  data.name = place;
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
