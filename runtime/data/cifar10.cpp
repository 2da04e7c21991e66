#include "runtime/data/cifar10.hpp"

#include "runtime/data/byte_reader.hpp"

#include <array>
#include <filesystem>
#include <span>
#include <system_error>
#include <vector>

namespace syngrad {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t cifar10_side = 32, cifar10_plane = cifar10_side * cifar10_side, cifar10_channels = 3,
                      record_bytes = 1 + cifar10_channels * cifar10_plane;
constexpr int cifar10_classes = 10;
constexpr std::size_t records_at_once = 1000;

// As batches.meta.txt has them.
constexpr std::array<const char*, cifar10_classes> class_names_of_cifar10{
  "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"};

bool is_file(const fs::path& path) {
  std::error_code ignored; // what cannot be looked at counts as missing
  return fs::exists(path, ignored);
}

result<std::string> find_batch(const fs::path& folder, const std::string& name) {
  for (const auto& each : {folder, folder / "cifar-10-batches-bin"})
    for (const auto* ending : {".bin", ".bin.gz"})
      if (const auto path = each / (name + ending); is_file(path)) return path.string();
  const auto missing = (folder / (name + ".bin")).string() + ": no such file; ";
  if (is_file(folder / name) || is_file(folder / "cifar-10-batches-py" / name))
    return error::file(missing + "what is there is the form for Python, fetch the binary one");
  if (is_file(folder / "cifar-10-binary.tar.gz")) return error::file(missing + "unpack cifar-10-binary.tar.gz there");
  return error::file(missing + "give the folder with CIFAR-10's binary form");
}

// Planes become channels.
void append_image(std::span<const std::uint8_t> planes, std::vector<std::uint8_t>& images) {
  for (std::size_t pixel = 0; pixel < cifar10_plane; ++pixel)
    for (std::size_t channel = 0; channel < cifar10_channels; ++channel)
      images.push_back(planes[channel * cifar10_plane + pixel]);
}

status append_batch(const std::string& file, sample_set& into) {
  auto reader = byte_reader::open(file);
  if (!reader) return reader.failure();
  std::vector<std::uint8_t> piece(records_at_once * record_bytes);
  for (std::int64_t record = 0;;) {
    const auto got = reader->read(piece.data(), piece.size());
    if (!got) return got.failure();
    if (*got % record_bytes != 0)
      return error::data(file + ": ends within image " +
                         std::to_string(record + static_cast<std::int64_t>(*got / record_bytes)) + "; an image has " +
                         std::to_string(record_bytes) + " bytes: fetch the file again");
    for (auto rest = std::span<const std::uint8_t>(piece).first(*got); !rest.empty();
         rest = rest.subspan(record_bytes), ++record) {
      if (rest[0] >= cifar10_classes)
        return error::data(file + ": image " + std::to_string(record) + " has the label " + std::to_string(rest[0]) +
                           ", expected 0 to 9; is it CIFAR-10's binary form?");
      into.labels.push_back(rest[0]);
      append_image(rest.subspan(1, record_bytes - 1), into.bytes);
    }
    if (*got < piece.size()) {
      if (record == 0) return error::data(file + ": the file is empty; fetch it again");
      into.count += record;
      return ok();
    }
  }
}

} // namespace

result<dataset> load_cifar10(const std::string& folder) {
  std::error_code ignored;
  if (!fs::is_directory(folder, ignored))
    return error::file(folder + ": no such folder; give the one with CIFAR-10's data_batch_1.bin to data_batch_5.bin");
  dataset data;
  data.name = folder;
  data.input = {{cifar10_side, cifar10_side, cifar10_channels}};
  data.target = label_spec(cifar10_classes);
  data.class_names.assign(class_names_of_cifar10.begin(), class_names_of_cifar10.end());
  constexpr std::size_t published = 50'000;
  data.train.bytes.reserve(published * cifar10_channels * cifar10_plane);
  for (const auto* name :
       {"data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch"}) {
    const auto file = find_batch(folder, name);
    if (!file) return file.failure();
    auto read = append_batch(*file, name == std::string_view("test_batch") ? data.test : data.train);
    if (!read) return read.failure();
  }
  return data;
}

} // namespace syngrad
