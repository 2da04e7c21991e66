// A folder of its own for a test's files, removed with everything in it at the end.
#pragma once

#include "tests/support/catch.hpp"

#include <filesystem>
#include <fstream>
#include <stdlib.h>
#include <string>
#include <zlib.h>

namespace syngrad {

class temporary_folder {
public:
  temporary_folder() {
    auto pattern = (std::filesystem::temp_directory_path() / "syngrad-data-XXXXXX").string();
    REQUIRE(mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  temporary_folder(const temporary_folder&) = delete;
  temporary_folder& operator=(const temporary_folder&) = delete;
  ~temporary_folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  std::string path(const std::string& name = "") const {
    return name.empty() ? path_.string() : (path_ / name).string();
  }

  std::string write(const std::string& name, const std::string& content) const {
    std::ofstream(path(name), std::ios::binary) << content;
    return path(name);
  }

  std::string write_gzip(const std::string& name, const std::string& content) const {
    auto* stream = gzopen(path(name).c_str(), "wb");
    REQUIRE(stream != nullptr);
    REQUIRE(gzwrite(stream, content.data(), static_cast<unsigned>(content.size())) == static_cast<int>(content.size()));
    REQUIRE(gzclose(stream) == Z_OK);
    return path(name);
  }

  // Removes the last `bytes` bytes of a file.
  void cut(const std::string& name, std::uintmax_t bytes) const {
    std::filesystem::resize_file(path(name), std::filesystem::file_size(path(name)) - bytes);
  }

  void remove(const std::string& name) const { REQUIRE(std::filesystem::remove(path(name))); }

private:
  std::filesystem::path path_;
};

// Whether a failed result's message says all of `parts`, on one line.
template <class Failed>
void require_message(const Failed& failed, std::initializer_list<std::string> parts) {
  REQUIRE_FALSE(failed);
  INFO(failed.message());
  CHECK(failed.message().find('\n') == std::string::npos);
  for (const auto& part : parts) {
    INFO("expected: " << part);
    CHECK(failed.message().find(part) != std::string::npos);
  }
}

} // namespace syngrad
