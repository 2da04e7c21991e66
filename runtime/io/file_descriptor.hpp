// An open file. Owns its descriptor and remembers its path for messages. One thread at a time.
#pragma once

#include "runtime/result.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace syngrad {

class file_descriptor {
public:
  file_descriptor() = default;
  file_descriptor(file_descriptor&& other) noexcept
    : number_(std::exchange(other.number_, -1)), path_(std::move(other.path_)) {}
  file_descriptor& operator=(file_descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    std::swap(path_, other.path_);
    return *this;
  }
  ~file_descriptor();

  // A new file, or the old one with its contents gone.
  static result<file_descriptor> create(const std::string& path);
  // A new file that nobody but its owner may read; fails where there is one already.
  static result<file_descriptor> create_private(const std::string& path);
  static result<file_descriptor> open_for_reading(const std::string& path);
  static result<file_descriptor> open_for_writing(const std::string& path); // an existing one, from its start

  explicit operator bool() const { return number_ >= 0; }
  const std::string& path() const { return path_; }

  status write(const void* data, std::size_t bytes); // all of it
  status write(std::string_view text) { return write(text.data(), text.size()); }
  status read(void* data, std::size_t bytes); // fails where the file ends before
  result<std::size_t> size() const;
  status reserve(std::size_t bytes);  // on disk, from the start; writes within it do not fail for want of space
  status truncate(std::size_t bytes); // to at most what it has
  status cut(std::size_t bytes);      // likewise, and the next write goes to the new end
  status synchronize();               // to the disk
  status close();                     // reports what the destructor would swallow

private:
  file_descriptor(int number, std::string path) : number_(number), path_(std::move(path)) {}

  int number_ = -1;
  std::string path_;
};

// Closes what was opened in a way that file_descriptor does not know, unless it is released.
struct open_file {
  explicit open_file(int opened) : number(opened) {}
  open_file(const open_file&) = delete;
  open_file& operator=(const open_file&) = delete;
  ~open_file();
  int release() { return std::exchange(number, -1); }

  int number; // below 0: none
};

// "cannot WHAT 'PATH': REASON; REMEDY" from an errno.
error file_error(const std::string& what, const std::string& path, int error_number);

} // namespace syngrad
