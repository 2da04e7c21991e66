#include "runtime/data/image_folder.hpp"

#include "runtime/data/host_batch.hpp"
#include "tests/runtime/data/temporary_folder.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <jpeglib.h>
#include <numeric>
#include <png.h>

using namespace syngrad;

namespace {

using byte_row = std::vector<std::uint8_t>;

void write_png(const std::string& file, image_size size, std::uint32_t format, const byte_row& content) {
  png_image written{};
  written.version = PNG_IMAGE_VERSION;
  written.width = static_cast<std::uint32_t>(size.width);
  written.height = static_cast<std::uint32_t>(size.height);
  written.format = format;
  REQUIRE(png_image_write_to_file(&written, file.c_str(), 0, content.data(), 0, nullptr) != 0);
}

void write_jpeg(const std::string& file, image_size size, int channels, byte_row content) {
  auto* out = std::fopen(file.c_str(), "wb");
  REQUIRE(out != nullptr);
  jpeg_compress_struct state{};
  jpeg_error_mgr errors{};
  state.err = jpeg_std_error(&errors);
  jpeg_create_compress(&state);
  jpeg_stdio_dest(&state, out);
  state.image_width = static_cast<JDIMENSION>(size.width);
  state.image_height = static_cast<JDIMENSION>(size.height);
  state.input_components = channels;
  state.in_color_space = channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_set_defaults(&state);
  jpeg_set_quality(&state, 100, TRUE);
  jpeg_start_compress(&state, TRUE);
  while (state.next_scanline < state.image_height) {
    JSAMPROW row = content.data() + state.next_scanline * static_cast<std::size_t>(size.width * channels);
    jpeg_write_scanlines(&state, &row, 1);
  }
  jpeg_finish_compress(&state);
  jpeg_destroy_compress(&state);
  REQUIRE(std::fclose(out) == 0);
}

byte_row coloured(image_size size, int channels, int first = 0) {
  byte_row out(static_cast<std::size_t>(size.height * size.width * channels));
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i] = static_cast<std::uint8_t>((first + static_cast<int>(i) * 7) % 256);
  return out;
}

// cats and dogs, each two PNGs of 4 x 5, in train; one each in test.
void write_pets(const temporary_folder& folder) {
  for (const auto* part : {"train", "test"})
    for (const auto* kind : {"cat", "dog"}) {
      const auto below = folder.path(part) + "/" + kind;
      std::filesystem::create_directories(below);
      const int files = part == std::string("train") ? 2 : 1;
      for (int i = 0; i < files; ++i)
        write_png(below + "/" + std::to_string(i) + ".png", {4, 5}, PNG_FORMAT_RGB,
                  coloured({4, 5}, 3, 10 * i + (kind[0] == 'd' ? 100 : 0)));
    }
}

} // namespace

TEST_CASE("a folder a class: images are rows of colours, classes in the order of their names") {
  const temporary_folder folder;
  write_pets(folder);
  const auto data = load_image_folder(folder.path(), {});
  REQUIRE(data);
  CHECK(data->input == sample_spec{{4, 5, 3}});
  CHECK(data->target == label_spec(2));
  CHECK(data->class_names == std::vector<std::string>{"cat", "dog"});
  CHECK(data->train.count == 4);
  CHECK(data->train.labels == std::vector<std::int32_t>{0, 0, 1, 1});
  CHECK(data->test.labels == std::vector<std::int32_t>{0, 1});
  byte_row expected;
  for (const int first : {0, 10, 100, 110}) {
    const auto one = coloured({4, 5}, 3, first);
    expected.insert(expected.end(), one.begin(), one.end());
  }
  CHECK(data->train.bytes == expected);
  CHECK(data->train.lies_in_memory());
}

TEST_CASE("a set that is too large to be read at once is the same batch by batch") {
  const temporary_folder folder;
  write_pets(folder);
  image_settings settings;
  const auto all = load_image_folder(folder.path(), settings);
  settings.most_bytes_read = 100;
  const auto parts = load_image_folder(folder.path(), settings);
  REQUIRE(parts);
  CHECK(parts->train.bytes.empty());
  CHECK_FALSE(parts->train.lies_in_memory());
  CHECK(parts->train.scale() == all->train.scale());
  const std::vector<std::int64_t> rows{3, 0, 3};
  for (const augmentation with : {augmentation{}, augmentation{1, true}}) {
    host_batch one, other;
    host_batch_maker(all->train, *all, with, 2).make(rows, 5, one);
    host_batch_maker(parts->train, *parts, with, 2).make(rows, 5, other);
    CHECK(one.inputs == other.inputs);
    CHECK(one.targets == other.targets);
  }
  const auto lost = parts->train.files[3];
  std::filesystem::remove(lost);
  host_batch batch;
  host_batch_maker maker(parts->train, *parts);
  CHECK_THROWS_WITH(maker.make(rows, 0, batch), Catch::Matchers::StartsWith(lost + ": no such file"));
}

TEST_CASE("without a test folder a share of the images is drawn") {
  const temporary_folder folder;
  for (const auto* kind : {"a", "b"}) {
    std::filesystem::create_directory(folder.path(kind));
    for (int i = 0; i < 5; ++i)
      write_png(folder.path(kind) + "/" + std::to_string(i) + ".png", {2, 2}, PNG_FORMAT_GRAY,
                byte_row(4, kind[0] == 'a'));
  }
  image_settings settings;
  settings.test_fraction = 0.3;
  const auto data = load_image_folder(folder.path(), settings);
  REQUIRE(data);
  CHECK(data->input == sample_spec{{2, 2, 1}}); // all are grey
  CHECK(data->train.count == 7);
  CHECK(data->test.count == 3);
  for (const auto* part : {&data->train, &data->test})
    for (std::size_t i = 0; i < part->labels.size(); ++i) CHECK(part->bytes[4 * i] == (part->labels[i] == 0 ? 1 : 0));
}

TEST_CASE("JPEG files are read, grey ones among coloured as colours; what is transparent lies on black") {
  const temporary_folder folder;
  std::filesystem::create_directories(folder.path("a"));
  std::filesystem::create_directories(folder.path("b"));
  write_jpeg(folder.path("a/0.jpg"), {8, 8}, 3, byte_row(192, 200));
  write_jpeg(folder.path("a/1.jpeg"), {8, 8}, 1, byte_row(64, 90));
  write_png(folder.path("b/0.png"), {8, 8}, PNG_FORMAT_RGBA, byte_row(256, 0));
  write_png(folder.path("b/1.png"), {8, 8}, PNG_FORMAT_GRAY, byte_row(64, 60));
  image_size size;
  byte_row read;
  const auto every_pixel = [&](const std::string& file, int value) {
    REQUIRE(read_image(folder.path(file), 3, size, read));
    CHECK(size == image_size{8, 8});
    REQUIRE(read.size() == 192);
    for (const auto each : read) REQUIRE(std::abs(each - value) <= 1);
  };
  every_pixel("a/0.jpg", 200);
  every_pixel("a/1.jpeg", 90);
  every_pixel("b/0.png", 0);
  every_pixel("b/1.png", 60);
  CHECK(read_image_header(folder.path("a/1.jpeg"))->is_grey);
  CHECK_FALSE(read_image_header(folder.path("a/0.jpg"))->is_grey);
  image_settings settings;
  settings.test_fraction = 0.5;
  CHECK(load_image_folder(folder.path(), settings)->input == sample_spec{{8, 8, 3}});
}

TEST_CASE("an image with another size is a weighted mean of its byte_row") {
  byte_row to;
  resize_image({10, 30}, {1, 2}, 1, {1, 1}, to);
  CHECK(to == byte_row{20});
  resize_image({10, 20, 30, 40}, {2, 2}, 1, {2, 2}, to);
  CHECK(to == byte_row{10, 20, 30, 40});
  resize_image({0, 100}, {1, 2}, 1, {1, 4}, to); // centres at 0.25, 0.75, 1.25, 1.75 of byte_row at 0.5, 1.5
  CHECK(to == byte_row{0, 25, 75, 100});
  resize_image(byte_row(100 * 3, 77), {10, 10}, 3, {3, 7}, to);
  CHECK(to == byte_row(3 * 7 * 3, 77));
  resize_image({1, 2, 3, 11, 12, 13}, {2, 1}, 3, {1, 1}, to); // colours do not mix
  CHECK(to == byte_row{6, 7, 8});
}

TEST_CASE("images of another size are refused with both files, or resized") {
  const temporary_folder folder;
  write_pets(folder);
  const auto odd = folder.path("test/dog/0.png");
  write_png(odd, {8, 10}, PNG_FORMAT_RGB, byte_row(240, 50));
  require_message(load_image_folder(folder.path(), {}),
                  {odd, "8x10", folder.path("train/cat/0.png"), "4x5", "--resize 4x5"});
  image_settings settings;
  settings.resize = image_size{4, 5};
  const auto data = load_image_folder(folder.path(), settings);
  REQUIRE(data);
  CHECK(data->train.bytes.size() == 4 * 60);
  CHECK(std::count(data->test.bytes.begin() + 60, data->test.bytes.end(), 50) == 60);
  settings.resize = image_size{2, 2};
  CHECK(load_image_folder(folder.path(), settings)->input == sample_spec{{2, 2, 3}});
}

TEST_CASE("folders and files that are no images are refused with what helps") {
  const temporary_folder folder;
  require_message(load_image_folder(folder.path("none"), {}), {folder.path("none"), "no such folder"});
  require_message(load_image_folder(folder.path(), {}), {"0 folders", "at least 2"});
  write_pets(folder);
  const auto first = folder.path("train/cat/0.png");
  const auto whole = [&] {
    std::ifstream in(first, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(in), {});
  }();
  folder.write("train/cat/0.png", whole.substr(0, whole.size() / 2));
  require_message(load_image_folder(folder.path(), {}), {first, "damaged"});
  folder.write("train/cat/0.png", "notes");
  require_message(load_image_folder(folder.path(), {}), {first, "neither PNG nor JPEG"});
  folder.write("train/cat/0.png", "");
  require_message(load_image_folder(folder.path(), {}), {first, "empty"});
  folder.write("train/cat/0.png", whole);
  std::filesystem::remove_all(folder.path("test/dog"));
  require_message(load_image_folder(folder.path(), {}), {folder.path("test"), "classes cat", "cat, dog"});
  std::filesystem::create_directory(folder.path("test/dog"));
  require_message(load_image_folder(folder.path(), {}), {folder.path("test/dog"), "no images"});
}

TEST_CASE("a cut JPEG is damaged, not grey") {
  const temporary_folder folder;
  const auto file = folder.path("a.jpg");
  write_jpeg(file, {64, 64}, 3, coloured({64, 64}, 3));
  folder.cut("a.jpg", 400);
  image_size size;
  byte_row read;
  require_message(read_image(file, 3, size, read), {file, "damaged"});
}
