// A file that a user named: replaced whole or not at all where it is a regular one, written straight into where it is a
// device, a FIFO, or a descriptor of this process such as the standard output ("-"). See file_target.hpp.
//
// Writes are gathered into pieces of a mebibyte. One thread at a time.
#pragma once

#include "runtime/io/atomic_file.hpp"

#include <optional>

namespace syngrad {

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
  // Whether what is written goes to the same place as the standard output does.
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
