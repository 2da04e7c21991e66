// A file that appears whole or not at all: written under a temporary name beside it, synced, renamed.
//
// Space can be reserved when the work starts, so that the result of the work can be saved even where the disk has
// filled up meanwhile. A file that is not committed disappears with this object. One thread at a time.
#pragma once

#include "runtime/io/file_descriptor.hpp"

namespace syngrad {

class atomic_file {
public:
  atomic_file(atomic_file&&) noexcept = default;
  atomic_file& operator=(atomic_file&&) = delete;
  ~atomic_file();

  // Creates `path`.partial and reserves space for it (0: none).
  static result<atomic_file> create(const std::string& path, std::size_t reserved_bytes = 0);

  const std::string& path() const { return path_; }
  status write(const void* data, std::size_t bytes);
  status write(std::string_view text) { return write(text.data(), text.size()); }
  // Gives back what was reserved and not written, syncs, renames to `path` (replacing an older file) and syncs the
  // folder. Nothing may be written afterwards.
  status commit();

private:
  atomic_file(file_descriptor file, std::string path) : file_(std::move(file)), path_(std::move(path)) {}

  file_descriptor file_;
  std::string path_;
  std::size_t written_ = 0;
};

} // namespace syngrad
