// A run whose images take longer to read and decode than to train on says how long it waited, and for which data.
#include "runtime/cpu/cpu_device.hpp"
#include "runtime/data/image_folder.hpp"
#include "runtime/random.hpp"
#include "tests/actors/threaded_run.hpp"
#include "tests/runtime/io/temporary_folder.hpp"
#include "tests/support/catch.hpp"

#include <filesystem>
#include <png.h>

using namespace syngrad;
using namespace syngrad::test;

namespace {

constexpr std::uint32_t side = 192;

// Noise, which is as much work to decode as there can be.
void write_noise(const std::string& file, random_source& random) {
  std::vector<std::uint8_t> pixels(std::size_t{side} * side * 3);
  for (auto& each : pixels) each = static_cast<std::uint8_t>(random.below(256));
  png_image written{};
  written.version = PNG_IMAGE_VERSION;
  written.width = written.height = side;
  written.format = PNG_FORMAT_RGB;
  REQUIRE(png_image_write_to_file(&written, file.c_str(), 0, pixels.data(), 0, nullptr) != 0);
}

std::string write_images(const temporary_folder& folder) {
  random_source random(1, 0);
  for (const auto* part : {"train", "test"})
    for (const auto* kind : {"a", "b"}) {
      const auto below = folder.file(std::string("images/") + part + "/" + kind);
      std::filesystem::create_directories(below);
      for (int i = 0; i < 4; ++i) write_noise(below + "/" + std::to_string(i) + ".png", random);
    }
  return folder.file("images");
}

threaded_result run_on(const std::string& images, std::uint64_t most_bytes_read) {
  image_settings reading;
  reading.most_bytes_read = most_bytes_read;
  auto data = load_image_folder(images, reading);
  REQUIRE(data);
  cpu_device cpu;
  training_settings settings;
  settings.policy = "locked";
  settings.batch_size = 8;
  settings.steps = 20;
  settings.threads = 1;
  return run_threaded(settings,
                      R"({"input": [192, 192, 3], "units": [[{"type": "Flatten"},
                          {"type": "Linear", "in_features": 110592, "out_features": 2}]]})",
                      *data, cpu);
}

} // namespace

TEST_CASE("a run that waits for its data says for how long, and for which") {
  const temporary_folder folder;
  const auto images = write_images(folder);
  const auto out = run_on(images, 1); // each image is read when a batch has it
  const auto& slow = out.summary;
  REQUIRE(slow.steps == 20);
  CHECK(slow.data_wait_s > 0);
  CHECK(slow.data_wait_share >= 0.05);
  CHECK(slow.data_wait_share <= 1);
  REQUIRE(slow.warnings.size() == 1);
  CHECK(slow.warnings[0].find("the training waited ") == 0);
  CHECK(slow.warnings[0].find(" % of its time for batches of '" + images + "' to be read and prepared") !=
        std::string::npos);
  CHECK(out.notices == std::vector<std::string>{"warning: " + slow.warnings[0]});
  const auto in_memory = run_on(images, 1 << 30).summary;
  CHECK(in_memory.data_wait_s == 0);
  CHECK(in_memory.warnings.empty());
}
