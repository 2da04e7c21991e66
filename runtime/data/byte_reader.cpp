#include "runtime/data/byte_reader.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <zlib.h>

namespace syngrad {
namespace {

constexpr unsigned compressed_buffer_bytes = 256 * 1024;
constexpr std::size_t largest_request = 1 << 30; // gzread counts in int

std::string system_reason(int code) {
  return std::generic_category().message(code);
}

} // namespace

void byte_reader::closer::operator()(gzFile_s* stream) const {
  gzclose(stream);
}

byte_reader::byte_reader(std::string file, gzFile_s* stream, std::uint64_t file_bytes)
  : file_(std::move(file)), stream_(stream), most_bytes_(gzdirect(stream) ? file_bytes : file_bytes * deflate_ratio) {}

result<byte_reader> byte_reader::open(const std::string& file) {
  std::error_code failed;
  const auto kind = std::filesystem::status(file, failed);
  if (!std::filesystem::exists(kind)) return error::file(file + ": no such file; check the path");
  if (!std::filesystem::is_regular_file(kind))
    return error::file(file + ": not a regular file; give the path of a file");
  const auto file_bytes = std::filesystem::file_size(file, failed);
  if (failed) return error::file(file + ": cannot be read (" + failed.message() + ")");

  errno = 0;
  auto* stream = gzopen(file.c_str(), "rb");
  if (!stream) {
    return error::file(file + ": cannot be opened (" + system_reason(errno ? errno : ENOMEM) +
                       "); check its permissions");
  }
  gzbuffer(stream, compressed_buffer_bytes);
  byte_reader reader(file, stream, file_bytes);
  if (file.ends_with(".gz") && gzdirect(stream)) {
    return error::data(file + ": named .gz but is not gzip; rename it if it is not compressed, or fetch it again");
  }
  return reader;
}

result<std::size_t> byte_reader::read(void* into, std::size_t count) {
  std::size_t done = 0;
  while (done < count) {
    const auto request = static_cast<unsigned>(std::min(count - done, largest_request));
    errno = 0;
    const int got = gzread(stream_.get(), static_cast<char*>(into) + done, request);
    const int read_error = errno;
    int code = Z_OK;
    const char* reason = gzerror(stream_.get(), &code);
    if (code == Z_BUF_ERROR) return error::data(file_ + ": the gzip stream is truncated; fetch the file again");
    if (got < 0 || code != Z_OK) {
      const auto text = code == Z_ERRNO ? system_reason(read_error) : std::string(reason);
      return error::data(file_ + ": cannot be read (" + text + "); the file is damaged, fetch it again");
    }
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

} // namespace syngrad
