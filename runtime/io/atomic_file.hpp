// A file that appears whole or not at all: written under a name of its own beside it, synced, renamed.
//
// Symbolic links are followed: what they lead to is replaced, and keeps its permissions, and its owner and group where
// this process may give them. Space can be reserved when the work starts, so that the result of the work can be saved
// even where the disk has filled up meanwhile. A file that is not committed disappears with this object. One thread at
// a time.
#pragma once

#include "runtime/io/file_descriptor.hpp"
#include "runtime/io/file_target.hpp"

namespace syngrad {

class atomic_file {
public:
  atomic_file(atomic_file&&) noexcept = default;
  atomic_file& operator=(atomic_file&&) = delete;
  ~atomic_file();

  // Creates the file under its temporary name and reserves space for it (0: none). Fails where something stands that is
  // no regular file: see output_file.
  static result<atomic_file> create(const std::string& path, std::size_t reserved_bytes = 0);
  static result<atomic_file> create(const file_target&, std::size_t reserved_bytes = 0);

  const std::string& path() const { return path_; }
  // Where the contents are until commit(), for a library that writes files itself.
  const std::string& temporary_path() const { return temporary_path_; }
  status write(const void* data, std::size_t bytes);
  status write(std::string_view text) { return write(text.data(), text.size()); }
  // Gives back what was reserved and not written, syncs, renames to `path` (replacing an older file) and syncs the
  // folder. Nothing may be written afterwards.
  status commit();
  // The folder of both names is `folder` now: it was renamed.
  void follow(const std::string& folder);

private:
  atomic_file(file_descriptor file, std::string path)
    : file_(std::move(file)), path_(std::move(path)), temporary_path_(file_.path()) {}

  file_descriptor file_;
  std::string path_, temporary_path_;
  std::size_t reserved_ = 0, written_ = 0;
};

} // namespace syngrad
