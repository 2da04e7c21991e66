#include "runtime/data/idx.hpp"

#include "tests/runtime/data/temporary_folder.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>

using namespace syngrad;

namespace {

const std::string train_images = "train-images-idx3-ubyte", train_labels = "train-labels-idx1-ubyte";
const std::string test_images = "t10k-images-idx3-ubyte", test_labels = "t10k-labels-idx1-ubyte";

std::string word(std::uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift & 0xff);
  return bytes;
}

std::string image_file(std::uint32_t count, std::uint32_t rows = 2, std::uint32_t columns = 3) {
  std::string file = word(0x803) + word(count) + word(rows) + word(columns);
  for (std::uint32_t i = 0; i < count * rows * columns; ++i) file += static_cast<char>(i * 7 & 0xff);
  return file;
}

std::string label_file(const std::vector<int>& values) {
  std::string file = word(0x801) + word(static_cast<std::uint32_t>(values.size()));
  for (const auto value : values) file += static_cast<char>(value);
  return file;
}

// A good set of 5 and 3 samples, 3 classes, for a test to break.
struct small_set : temporary_folder {
  small_set() {
    write(train_images, image_file(5));
    write(train_labels, label_file({0, 2, 1, 0, 2}));
    write(test_images, image_file(3));
    write(test_labels, label_file({2, 0, 1}));
  }
};

} // namespace

TEST_CASE("a plain IDX folder is read byte for byte") {
  const small_set folder;
  const auto data = load_idx(folder.path());
  REQUIRE(data);
  CHECK(data->input == sample_spec{{2, 3, 1}});
  CHECK(data->target.categories == 3);
  CHECK(data->train.count == 5);
  CHECK(data->test.count == 3);
  REQUIRE(data->train.bytes.size() == 30);
  for (std::size_t i = 0; i < 30; ++i) CHECK(data->train.bytes[i] == (i * 7 & 0xff));
  CHECK(data->train.labels == std::vector<std::int32_t>{0, 2, 1, 0, 2});
  CHECK(data->test.labels == std::vector<std::int32_t>{2, 0, 1});
  CHECK(data->train.floats.empty());
  CHECK(data->train.scale() == Approx(1.0 / 255));
}

TEST_CASE("compressed and plain IDX files mix, and the plain one wins") {
  const small_set folder;
  folder.write_gzip(train_images + ".gz", "not looked at");
  folder.remove(train_labels);
  folder.write_gzip(train_labels + ".gz", label_file({1, 2, 1, 3, 0}));
  const auto data = load_idx(folder.path());
  REQUIRE(data);
  CHECK(data->train.labels == std::vector<std::int32_t>{1, 2, 1, 3, 0});
  CHECK(data->target.categories == 4);
}

TEST_CASE("images that all have one label are refused") {
  const small_set folder;
  folder.write(train_labels, label_file({4, 4, 4, 4, 4}));
  require_message(load_idx(folder.path()), {folder.path(train_labels), "same label, 4"});
}

TEST_CASE("IDX labels that are not numbered from 0 ask for --labels") {
  const small_set folder;
  folder.write(train_labels, label_file({1, 3, 26, 3, 1}));
  folder.write(test_labels, label_file({26, 1, 1}));
  require_message(load_idx(folder.path()), {folder.path(train_labels), "'1' to '26'", "27 outputs", "0, 2, 4",
                                            "--labels renumber makes 3 classes", "--labels as-is"});

  const auto renumbered = load_idx(folder.path(), label_rule::renumber);
  REQUIRE(renumbered);
  CHECK(renumbered->target.categories == 3);
  CHECK(renumbered->class_names == std::vector<std::string>{"1", "3", "26"});
  CHECK(renumbered->train.labels == std::vector<std::int32_t>{0, 1, 2, 1, 0});
  CHECK(renumbered->test.labels == std::vector<std::int32_t>{2, 0, 0});
  REQUIRE(renumbered->notes.size() == 1);
  CHECK(renumbered->notes[0] == folder.path(train_labels) + ": classes 0 = '1', 1 = '3', 2 = '26'");

  const auto kept = load_idx(folder.path(), label_rule::as_is);
  REQUIRE(kept);
  CHECK(kept->target.categories == 27);
  CHECK(kept->test.labels == std::vector<std::int32_t>{26, 1, 1});
}

TEST_CASE("IDX files are found by their names with a dot, and in folders of their own names") {
  const small_set folder;
  for (const auto& name : {train_images, train_labels, test_images, test_labels}) {
    auto dotted = name;
    dotted.replace(dotted.rfind("-idx"), 1, ".");
    std::filesystem::rename(folder.path(name), folder.path(dotted));
  }
  CHECK(load_idx(folder.path())->train.labels == std::vector<std::int32_t>{0, 2, 1, 0, 2});

  const small_set nested;
  std::filesystem::rename(nested.path(test_labels), nested.path("moved"));
  std::filesystem::create_directory(nested.path(test_labels));
  std::filesystem::rename(nested.path("moved"), nested.path(test_labels) + "/" + test_labels);
  CHECK(load_idx(nested.path())->test.labels == std::vector<std::int32_t>{2, 0, 1});
}

TEST_CASE("EMNIST's splits are found by their prefix, and one of several has to be named") {
  const temporary_folder folder;
  const auto add = [&](const std::string& prefix, const std::vector<int>& train) {
    folder.write_gzip(prefix + "-" + train_images + ".gz", image_file(static_cast<std::uint32_t>(train.size())));
    folder.write_gzip(prefix + "-" + train_labels + ".gz", label_file(train));
    folder.write_gzip(prefix + "-test-images-idx3-ubyte.gz", image_file(2));
    folder.write_gzip(prefix + "-test-labels-idx1-ubyte.gz", label_file({1, 0}));
  };
  add("emnist-digits", {0, 1, 2});
  CHECK(load_idx(folder.path())->target.categories == 3); // the only one
  add("emnist-mnist", {0, 1, 1, 0});
  require_message(load_idx(folder.path()),
                  {folder.path(), "several", "emnist-digits, emnist-mnist", "mnist:" + folder.path("emnist-digits")});
  CHECK(load_idx(folder.path("emnist-digits"))->train.count == 3);
  CHECK(load_idx(folder.path("emnist-mnist"))->train.count == 4);
  require_message(load_idx(folder.path("emnist-letters")),
                  {folder.path("emnist-letters"), "emnist-digits, emnist-mnist"});

  folder.remove("emnist-mnist-test-labels-idx1-ubyte.gz");
  require_message(load_idx(folder.path("emnist-mnist")),
                  {folder.path("emnist-mnist-test-labels-idx1-ubyte"), "exists"});

  // Files without a prefix are the folder's own.
  folder.write(train_images, image_file(6));
  folder.write(train_labels, label_file({0, 1, 0, 1, 0, 1}));
  folder.write(test_images, image_file(1));
  folder.write(test_labels, label_file({1}));
  CHECK(load_idx(folder.path())->train.count == 6);
}

TEST_CASE("IDX files in a folder below are pointed out") {
  const small_set folder;
  const temporary_folder above;
  std::filesystem::create_directory(above.path("MNIST"));
  std::filesystem::copy(folder.path(), above.path("MNIST") + "/raw");
  require_message(load_idx(above.path()), {above.path(), "mnist:" + above.path("MNIST") + "/raw"});
}

TEST_CASE("images larger than the reading chunk are read whole") {
  const small_set folder;
  folder.write(train_images, image_file(5, 1024, 1024));
  folder.remove(test_images);
  folder.write_gzip(test_images + ".gz", image_file(3, 1024, 1024));
  const auto data = load_idx(folder.path());
  REQUIRE(data);
  REQUIRE(data->train.bytes.size() == 5u << 20);
  bool same = true;
  for (std::size_t i = 0; i < data->train.bytes.size(); ++i) same = same && data->train.bytes[i] == (i * 7 & 0xff);
  CHECK(same);
  CHECK(std::equal(data->test.bytes.begin(), data->test.bytes.end(), data->train.bytes.begin()));
}

TEST_CASE("a missing folder or file is named") {
  const small_set folder;
  require_message(load_idx(folder.path("absent")), {folder.path("absent"), "no such folder", train_images});
  require_message(load_idx(folder.path(train_images)), {folder.path(train_images), "no such folder"});
  folder.remove(test_labels);
  require_message(load_idx(folder.path()), {folder.path(test_labels), ".gz", "exists"});
  std::filesystem::create_directory(folder.path(test_labels));
  require_message(load_idx(folder.path()), {folder.path(test_labels), "not a regular file"});
}

TEST_CASE("a truncated IDX file is refused with what it has and should have") {
  const small_set folder;
  folder.cut(train_images, 4);
  require_message(load_idx(folder.path()), {folder.path(train_images), "truncated", "30", "26"});
  folder.write(train_images, word(0x803) + word(5) + "\0");
  require_message(load_idx(folder.path()), {folder.path(train_images), "truncated within its header"});
  folder.write(train_images, "");
  require_message(load_idx(folder.path()), {folder.path(train_images), "truncated within its header"});
}

TEST_CASE("a truncated, damaged or false gzip file is refused") {
  const small_set folder;
  const auto name = train_images + ".gz";
  folder.remove(train_images);
  folder.write_gzip(name, image_file(5, 100, 100));
  REQUIRE(load_idx(folder.path()).message().find(folder.path(test_images)) == 0); // only the sizes differ

  folder.cut(name, 12);
  require_message(load_idx(folder.path()), {folder.path(name), "truncated", "fetch the file again"});

  folder.write_gzip(name, image_file(5, 100, 100));
  {
    std::fstream file(folder.path(name), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(-6, std::ios::end); // in the checksum
    file.put('\x5a');
  }
  require_message(load_idx(folder.path()), {folder.path(name), "damaged"});

  folder.write(name, image_file(5));
  require_message(load_idx(folder.path()), {folder.path(name), "not gzip"});
}

TEST_CASE("bytes after the end of an IDX file are refused") {
  const small_set folder;
  folder.write(test_labels, label_file({2, 0, 1}) + "x");
  require_message(load_idx(folder.path()), {folder.path(test_labels), "goes on after the 3 bytes"});
}

TEST_CASE("a wrong magic number is shown beside the right one") {
  const small_set folder;
  folder.write(train_images, label_file({0, 1, 2, 0, 1, 2, 0, 1}));
  require_message(load_idx(folder.path()), {folder.path(train_images), "0x00000801", "0x00000803", "images"});
  folder.write(train_images, image_file(5));
  folder.write(test_labels, "hello, world");
  require_message(load_idx(folder.path()), {folder.path(test_labels), "0x68656c6c", "0x00000801", "labels"});
}

TEST_CASE("a header that promises the impossible costs no memory") {
  const small_set folder;
  folder.write(train_images, word(0x803) + word(0xffffffff) + word(28) + word(28));
  require_message(load_idx(folder.path()), {"impossible", "4294967295 x 28 x 28"});
  folder.write(train_images, word(0x803) + word(5) + word(0xffffffff) + word(0xffffffff));
  require_message(load_idx(folder.path()), {"impossible"});
  folder.write(train_images, word(0x803) + word(0) + word(28) + word(28));
  require_message(load_idx(folder.path()), {"impossible", "0 x 28 x 28"});
  folder.write(train_images, word(0x803) + word(100'000'000) + word(4096) + word(4096)); // 1.6 PB
  require_message(load_idx(folder.path()), {folder.path(train_images), "truncated", "it has 0"});
}

TEST_CASE("images and labels of different counts are refused") {
  const small_set folder;
  folder.write(train_labels, label_file({0, 2, 1, 0}));
  require_message(load_idx(folder.path()), {folder.path(train_labels), "4 labels", "5 images", train_images});
}

TEST_CASE("test images of another size are refused") {
  const small_set folder;
  folder.write(test_images, image_file(3, 3, 2));
  require_message(load_idx(folder.path()), {folder.path(test_images), "3 x 2", "2 x 3"});
}

TEST_CASE("a test label that training never showed is refused with its row") {
  const small_set folder;
  folder.write(test_labels, label_file({2, 0, 3}));
  require_message(load_idx(folder.path()), {folder.path(test_labels), "row 2", "label 3", "no training image"});
}

TEST_CASE("MNIST is read as published") {
  const std::string folder = SYNGRAD_SOURCE_DIR "/../shared/data/mnist";
  if (!std::filesystem::is_directory(folder)) {
    WARN("skipped: " << folder << " does not exist; put MNIST's four files there to run this test");
    return;
  }
  const auto data = load_idx(folder);
  REQUIRE(data);
  CHECK(data->input == sample_spec{{28, 28, 1}});
  CHECK(data->target.categories == 10);
  CHECK(data->train.count == 60'000);
  CHECK(data->test.count == 10'000);
  CHECK(std::vector<std::int32_t>(data->train.labels.begin(), data->train.labels.begin() + 5) ==
        std::vector<std::int32_t>{5, 0, 4, 1, 9});
  CHECK(std::count(data->test.labels.begin(), data->test.labels.end(), 1) == 1135);
  // The mean and deviation of MNIST's training pixels that are commonly used to normalise it.
  const auto& bytes = data->train.bytes;
  std::array<double, 256> histogram{};
  for (const auto byte : bytes) ++histogram[byte];
  double mean = 0, square = 0;
  for (std::size_t level = 0; level < 256; ++level) {
    const auto value = static_cast<double>(level) / 255, share = histogram[level] / static_cast<double>(bytes.size());
    mean += value * share;
    square += value * value * share;
  }
  CHECK(mean == Approx(0.1307).margin(5e-5));
  CHECK(std::sqrt(square - mean * mean) == Approx(0.3081).margin(5e-5));
}
