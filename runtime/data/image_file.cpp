#include "runtime/data/image_file.hpp"

#include "runtime/data/mapped_file.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <csetjmp>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <jpeglib.h>
#include <optional>
#include <png.h>
#include <span>

namespace syngrad {

namespace {

constexpr std::int64_t most_side = 1 << 16;

enum class image_kind { png, jpeg };

error damaged_image(const std::string& file, const std::string& why) {
  return error::data(file + ": cannot be read (" + why + "); the image is cut or damaged, remove it or fetch it again");
}

result<image_kind> kind_of_image(const std::string& file, std::span<const std::byte> bytes) {
  const auto begins = [&](std::initializer_list<int> with) {
    return bytes.size() >= with.size() &&
           std::equal(with.begin(), with.end(), bytes.begin(), [](int a, std::byte b) { return std::byte(a) == b; });
  };
  if (begins({0x89, 'P', 'N', 'G', 0x0d, 0x0a, 0x1a, 0x0a})) return image_kind::png;
  if (begins({0xff, 0xd8, 0xff})) return image_kind::jpeg;
  return error::data(file + ": neither PNG nor JPEG; convert it, or remove it");
}

// ---- PNG, by libpng's simplified interface

struct png_reader {
  png_image image{};

  png_reader() { image.version = PNG_IMAGE_VERSION; }
  png_reader(const png_reader&) = delete;
  png_reader& operator=(const png_reader&) = delete;
  ~png_reader() { png_image_free(&image); }

  bool begin(std::span<const std::byte> bytes) {
    return png_image_begin_read_from_memory(&image, bytes.data(), bytes.size()) != 0;
  }
  image_size size() const { return {image.height, image.width}; }
};

std::optional<std::string> decode_png(std::span<const std::byte> bytes, int channels, image_size& size,
                                      std::vector<std::uint8_t>& pixels) {
  png_reader reader;
  if (!reader.begin(bytes)) return reader.image.message;
  size = reader.size();
  if (size.height > most_side || size.width > most_side) return "larger than 65536 pixels";
  reader.image.format = channels == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB;
  pixels.resize(PNG_IMAGE_SIZE(reader.image));
  constexpr png_color black{0, 0, 0};
  if (!png_image_finish_read(&reader.image, &black, pixels.data(), 0, nullptr)) return reader.image.message;
  return std::nullopt;
}

// ---- JPEG. libjpeg leaves by longjmp where it fails, so that only plain values live beside it.

struct jpeg_failure {
  jpeg_error_mgr manager;
  std::jmp_buf back;
  std::array<char, JMSG_LENGTH_MAX> text;
};

extern "C" {
[[noreturn]] static void leave_jpeg(j_common_ptr state) {
  auto* failure = reinterpret_cast<jpeg_failure*>(state->err);
  state->err->format_message(state, failure->text.data());
  std::longjmp(failure->back, 1);
}
// A warning is a damaged file, too: what is missing would be grey.
static void warn_jpeg(j_common_ptr state, int level) {
  if (level < 0) leave_jpeg(state);
}
}

struct jpeg_target {
  int channels;
  image_header header;
  std::uint8_t* (*room)(void* pixels, std::size_t bytes); // null: the header is enough
  void* pixels;
};

// False: `failure` says why.
bool run_jpeg(std::span<const std::byte> bytes, jpeg_decompress_struct& state, jpeg_failure& failure,
              jpeg_target& target) {
  if (setjmp(failure.back) != 0) return false;
  jpeg_create_decompress(&state);
  jpeg_mem_src(&state, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  jpeg_read_header(&state, TRUE);
  target.header = {{state.image_height, state.image_width}, state.num_components == 1};
  if (!target.room) return true;
  state.out_color_space = target.channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_start_decompress(&state);
  const auto row_bytes = static_cast<std::size_t>(state.output_width) * static_cast<std::size_t>(target.channels);
  auto* const pixels = target.room(target.pixels, row_bytes * state.output_height);
  while (state.output_scanline < state.output_height) {
    JSAMPROW row = pixels + row_bytes * state.output_scanline;
    jpeg_read_scanlines(&state, &row, 1);
  }
  jpeg_finish_decompress(&state);
  return true;
}

std::optional<std::string> read_jpeg(std::span<const std::byte> bytes, jpeg_target& target) {
  jpeg_decompress_struct state{};
  jpeg_failure failure{};
  state.err = jpeg_std_error(&failure.manager);
  failure.manager.error_exit = leave_jpeg;
  failure.manager.emit_message = warn_jpeg;
  const bool good = run_jpeg(bytes, state, failure, target);
  jpeg_destroy_decompress(&state);
  if (good) return std::nullopt;
  return failure.text.data();
}

std::optional<std::string> decode_jpeg(std::span<const std::byte> bytes, int channels, image_size& size,
                                       std::vector<std::uint8_t>& pixels) {
  const auto room = [](void* of, std::size_t wanted) {
    auto& all = *static_cast<std::vector<std::uint8_t>*>(of);
    all.resize(wanted);
    return all.data();
  };
  jpeg_target target{channels, {}, room, &pixels};
  auto failed = read_jpeg(bytes, target);
  size = target.header.size;
  return failed;
}

} // namespace

result<image_header> read_image_header(const std::string& file) {
  const auto mapped = mapped_file::open(file);
  if (!mapped) return mapped.failure();
  const auto kind = kind_of_image(file, mapped->bytes());
  if (!kind) return kind.failure();
  if (*kind == image_kind::png) {
    png_reader reader;
    if (!reader.begin(mapped->bytes())) return damaged_image(file, reader.image.message);
    return image_header{reader.size(), (reader.image.format & PNG_FORMAT_FLAG_COLOR) == 0};
  }
  jpeg_target target{1, {}, nullptr, nullptr};
  if (const auto failed = read_jpeg(mapped->bytes(), target)) return damaged_image(file, *failed);
  return target.header;
}

status read_image(const std::string& file, int channels, image_size& size, std::vector<std::uint8_t>& pixels) {
  const auto mapped = mapped_file::open(file);
  if (!mapped) return mapped.failure();
  const auto kind = kind_of_image(file, mapped->bytes());
  if (!kind) return kind.failure();
  const auto failed = *kind == image_kind::png ? decode_png(mapped->bytes(), channels, size, pixels)
                                               : decode_jpeg(mapped->bytes(), channels, size, pixels);
  if (failed) return damaged_image(file, *failed);
  return ok();
}

namespace {

// Which elements of a line make one of another line, and how much of each.
struct line_weights {
  std::int64_t first = 0;
  std::vector<float> shares; // add up to 1
};

std::vector<line_weights> weights_between(std::int64_t from, std::int64_t to) {
  const auto scale = static_cast<double>(from) / static_cast<double>(to);
  const auto reach = std::max(1.0, scale); // half of the triangle's base
  std::vector<line_weights> all(static_cast<std::size_t>(to));
  for (std::int64_t i = 0; i < to; ++i) {
    const auto centre = (static_cast<double>(i) + 0.5) * scale;
    const auto first = std::max<std::int64_t>(0, static_cast<std::int64_t>(std::floor(centre - reach)));
    const auto end = std::min(from, static_cast<std::int64_t>(std::ceil(centre + reach)));
    std::vector<double> shares;
    double sum = 0;
    for (auto at = first; at < end; ++at) {
      shares.push_back(std::max(0.0, 1 - std::abs(static_cast<double>(at) + 0.5 - centre) / reach));
      sum += shares.back();
    }
    auto& made = all[static_cast<std::size_t>(i)];
    made.first = first;
    for (const auto share : shares) made.shares.push_back(static_cast<float>(share / sum));
  }
  return all;
}

} // namespace

void resize_image(const std::vector<std::uint8_t>& from, image_size size, int channels, image_size wanted,
                  std::vector<std::uint8_t>& to) {
  const auto across = weights_between(size.width, wanted.width), down = weights_between(size.height, wanted.height);
  const auto depth = static_cast<std::size_t>(channels);
  const auto width = static_cast<std::size_t>(size.width), new_width = static_cast<std::size_t>(wanted.width);
  std::vector<float> narrowed(static_cast<std::size_t>(size.height) * new_width * depth); // first all rows
  for (std::size_t y = 0; y < static_cast<std::size_t>(size.height); ++y)
    for (std::size_t x = 0; x < new_width; ++x)
      for (std::size_t c = 0; c < depth; ++c) {
        float sum = 0;
        auto at = (y * width + static_cast<std::size_t>(across[x].first)) * depth + c;
        for (const auto share : across[x].shares) {
          sum += share * static_cast<float>(from[at]);
          at += depth;
        }
        narrowed[(y * new_width + x) * depth + c] = sum;
      }
  const auto row = new_width * depth;
  to.resize(static_cast<std::size_t>(wanted.height) * row);
  for (std::size_t y = 0; y < static_cast<std::size_t>(wanted.height); ++y)
    for (std::size_t i = 0; i < row; ++i) {
      float sum = 0;
      auto at = static_cast<std::size_t>(down[y].first) * row + i;
      for (const auto share : down[y].shares) {
        sum += share * narrowed[at];
        at += row;
      }
      to[y * row + i] = static_cast<std::uint8_t>(std::clamp(std::lround(sum), 0l, 255l));
    }
}

status image_reader::read(const std::string& file, std::uint8_t* into) {
  image_size size;
  if (auto done = read_image(file, form_.channels, size, read_); !done) return done;
  if (size == form_.size) {
    std::copy(read_.begin(), read_.end(), into);
    return ok();
  }
  if (!form_.resizes)
    return error::data(file + ": an image of " + size.to_string() + ", but " + form_.size.to_string() +
                       " (height x width) is expected; make them alike, or use --resize " + form_.size.to_string());
  resize_image(read_, size, form_.channels, form_.size, resized_);
  std::copy(resized_.begin(), resized_.end(), into);
  return ok();
}

} // namespace syngrad
