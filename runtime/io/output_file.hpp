// Files that are written: how is decided here and nowhere else, by what their path leads to. Each object: one thread at
// a time.
//
// | what stands there                        | how it is written                                                    |
// |------------------------------------------|----------------------------------------------------------------------|
// | a regular file, or none yet              | aside and renamed, where symbolic links lead, with the old access    |
// | a device, a FIFO, a file mounted alone   | straight into: it stays what it is                                   |
// | /dev/stdout, /dev/fd/N, /proc/self/fd/N  | into descriptor N at its offset: what it is redirected to is no file  |
// | and "-", the standard output             | of ours to replace                                                   |
#pragma once

#include "runtime/io/file_descriptor.hpp"
#include "runtime/result.hpp"

#include <optional>
#include <string>
#include <sys/stat.h>

namespace syngrad {

// Whether both are of one file.
inline bool is_same_file(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

// What a path that is to be written leads to.
struct file_target {
  enum class kind { missing, regular, special, descriptor };

  kind what = kind::missing;
  std::string path;     // with the links of its last part followed; of a descriptor: as it was given
  int descriptor = -1;  // of this process
  struct stat about {}; // of what exists

  bool can_be_replaced() const { return what == kind::missing || what == kind::regular; }
  // "a device", "a pipe", ...
  const char* name() const;

  // Fails where no file can be written: a folder, a loop of links, a file that may not be written to.
  static result<file_target> of(const std::string& path);
};

// A file that appears whole or not at all: written under a name of its own beside it, synced, renamed.
//
// Symbolic links are followed: what they lead to is replaced, and keeps its permissions, and its owner and group where
// this process may give them. Space can be reserved when the work starts, so that the result of the work can be saved
// even where the disk has filled up meanwhile. A file that is not committed disappears with this object.
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

// A file that a user named: replaced whole or not at all where it is a regular one, written straight into where it is a
// device, a FIFO, or a descriptor of this process such as the standard output ("-"). Writes are gathered into pieces of
// a mebibyte.
class output_file {
public:
  // Space is reserved where it can be. A FIFO waits for its reader.
  static result<output_file> create(const std::string& path, std::size_t reserved_bytes = 0);
  // Refuses all but a regular file: for contents that are not written from their begin to their end.
  static result<output_file> create_regular(const std::string& path);

  // For messages: "standard output" for "-".
  const std::string& path() const { return path_; }
  // Of a regular file: where its contents are until commit(), for a library that writes files itself.
  const std::string& temporary_path() const { return aside_->temporary_path(); }
  // Whether what is written goes where the standard output goes.
  bool is_standard_output() const { return standard_output_; }
  std::uint64_t bytes() const { return bytes_; } // given to write()

  // A failure to write is kept for commit(), and nothing more is written.
  void write(std::string_view text);
  bool failed() const { return !state_; }
  // The contents are complete: makes them appear, or says what went wrong, here or earlier. Once.
  status commit();

private:
  output_file() = default;
  void flush();
  status write_piece(std::string_view piece);

  std::optional<atomic_file> aside_; // of a regular file
  file_descriptor straight_;         // of a device or a FIFO
  int given_ = -1;                   // of a descriptor of this process, which stays open
  std::string path_;
  bool standard_output_ = false;
  std::string buffer_;
  std::uint64_t bytes_ = 0;
  status state_ = ok();
};

} // namespace syngrad
