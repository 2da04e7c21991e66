#include "runtime/data/cifar10.hpp"

#include "tests/runtime/data/temporary_folder.hpp"

using namespace syngrad;

namespace {

constexpr std::size_t cifar10_plane = 1024;

// Every image has one red, one green and one blue; pixel 1 of each differs.
std::string cifar10_image(int label, int red, int green, int blue) {
  std::string bytes(1, static_cast<char>(label));
  for (const int colour : {red, green, blue}) {
    bytes.append(cifar10_plane, static_cast<char>(colour));
    bytes[bytes.size() - cifar10_plane + 1] = static_cast<char>(colour + 1);
  }
  return bytes;
}

// The six files, each with two images; those of batch i have the labels i and i + 1.
void write_batches(const temporary_folder& folder, const std::string& below = "") {
  for (int i = 1; i <= 5; ++i)
    folder.write(below + "data_batch_" + std::to_string(i) + ".bin",
                 cifar10_image(i, 10 * i, 20, 30) + cifar10_image(i + 1, 10 * i + 5, 21, 31));
  folder.write(below + "test_batch.bin", cifar10_image(0, 1, 2, 3) + cifar10_image(9, 4, 5, 250));
}

} // namespace

TEST_CASE("CIFAR-10's planes become channels, its batches one training set") {
  const temporary_folder folder;
  std::string below;
  SECTION("in the folder") {}
  SECTION("as the archive unpacks") {
    below = "cifar-10-batches-bin/";
    std::filesystem::create_directory(folder.path("cifar-10-batches-bin"));
  }
  write_batches(folder, below);
  const auto data = load_cifar10(folder.path());
  REQUIRE(data);
  CHECK(data->input == sample_spec{{32, 32, 3}});
  CHECK(data->target == label_spec(10));
  CHECK(data->train.count == 10);
  CHECK(data->test.count == 2);
  CHECK(data->train.labels == std::vector<std::int32_t>{1, 2, 2, 3, 3, 4, 4, 5, 5, 6});
  CHECK(data->class_names[9] == "truck");
  const auto pixels = [](const sample_set& of, std::size_t row) {
    const auto first = of.bytes.begin() + static_cast<std::ptrdiff_t>(row * 3 * cifar10_plane);
    return std::vector<int>(first, first + 9);
  };
  CHECK(data->train.bytes.size() == 10 * 3 * cifar10_plane);
  CHECK(pixels(data->train, 9) == std::vector<int>{55, 21, 31, 56, 22, 32, 55, 21, 31});
  CHECK(pixels(data->test, 1) == std::vector<int>{4, 5, 250, 5, 6, 251, 4, 5, 250});
}

TEST_CASE("damaged and missing CIFAR-10 files are named with what helps") {
  const temporary_folder folder;
  require_message(load_cifar10(folder.path("none")), {folder.path("none"), "no such folder"});
  require_message(load_cifar10(folder.path()), {folder.path("data_batch_1.bin"), "binary form"});
  folder.write("data_batch_1", "a pickle");
  require_message(load_cifar10(folder.path()), {"for Python", "binary one"});
  folder.remove("data_batch_1");
  folder.write("cifar-10-binary.tar.gz", "");
  require_message(load_cifar10(folder.path()), {"unpack"});
  write_batches(folder);
  REQUIRE(load_cifar10(folder.path()));
  folder.cut("data_batch_3.bin", 1);
  require_message(load_cifar10(folder.path()), {folder.path("data_batch_3.bin"), "within image 1", "3073 bytes"});
  folder.write("data_batch_3.bin", cifar10_image(3, 1, 2, 3) + cifar10_image(10, 1, 2, 3));
  require_message(load_cifar10(folder.path()), {folder.path("data_batch_3.bin"), "image 1", "label 10", "0 to 9"});
  folder.write("data_batch_3.bin", "");
  require_message(load_cifar10(folder.path()), {folder.path("data_batch_3.bin"), "empty"});
  folder.remove("data_batch_3.bin");
  folder.write_gzip("data_batch_3.bin.gz", cifar10_image(3, 1, 2, 3) + cifar10_image(4, 1, 2, 3));
  CHECK(load_cifar10(folder.path())->train.count == 10);
  folder.remove("test_batch.bin");
  require_message(load_cifar10(folder.path()), {folder.path("test_batch.bin"), "no such file"});
}
