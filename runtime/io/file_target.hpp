// What a path that is to be written leads to: how a file is written is decided here and nowhere else.
//
// | what stands there                        | how it is written                                                    |
// |------------------------------------------|----------------------------------------------------------------------|
// | a regular file, or none yet              | aside and renamed, where symbolic links lead, with the old access    |
// | a device, a FIFO, a file mounted alone   | straight into: it stays what it is                                   |
// | /dev/stdout, /dev/fd/N, /proc/self/fd/N  | into descriptor N at its place: what it is redirected to is no file  |
// | and "-", the standard output             | of ours to replace                                                   |
#pragma once

#include "runtime/result.hpp"

#include <string>
#include <sys/stat.h>

namespace syngrad {

// Whether both are of one file.
inline bool is_same_file(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

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

} // namespace syngrad
