// Reads the files of a ZIP archive, stored or deflated, as Python's zipfile and numpy's savez write them; archives and
// files beyond 4 GiB too. Not for encrypted archives, nor those in several parts.
//
//   archive   = { local header, data } central directory [ zip64 end, zip64 locator ] end
//   directory = { PK\1\2, ..., method, ..., crc, packed size, size, name, extra fields, offset of the local header }
//
// Any thread, once open.
#pragma once

#include "runtime/data/mapped_file.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace syngrad {

class zip_archive {
public:
  // Reads the directory. Errors name file and place.
  static result<zip_archive> open(const std::string& file);

  std::vector<std::string> names() const; // as stored
  bool has(const std::string& name) const;

  // The content of a file: in the archive where it is stored, else unpacked. Valid as long as both live.
  struct content {
    std::span<const std::byte> bytes;
    std::vector<std::byte> unpacked;
  };
  // `name` is one of names(). The content has the checksum that the archive says.
  result<content> read(const std::string& name) const;

private:
  struct entry {
    std::string name;
    std::uint16_t flags, method;
    std::uint32_t checksum;
    std::uint64_t packed, size, header;
  };

  explicit zip_archive(mapped_file file) : file_(std::move(file)) {}
  status read_directory();
  error broken(const std::string& what) const;

  mapped_file file_;
  std::vector<entry> entries_;
};

} // namespace syngrad
