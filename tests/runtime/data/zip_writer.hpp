// Arrays as numpy writes them, and the archive that numpy.savez makes of them: zipfile's local headers have zip64
// fields whatever the size.
#pragma once

#include "tests/support/catch.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>
#include <zlib.h>

namespace syngrad {

// `descr` as in "<f4", `shape` as in "(2, 3)".
template <class Number>
std::string npy_file(const std::string& descr, const std::string& shape, const std::vector<Number>& elements) {
  std::string header = "{'descr': '" + descr + "', 'fortran_order': False, 'shape': " + shape + ", }";
  while ((10 + header.size() + 1) % 64 != 0) header += ' ';
  header += '\n';
  std::string file = "\x93NUMPY";
  file += '\x01';
  file += '\0';
  file += static_cast<char>(header.size() & 255);
  file += static_cast<char>(header.size() >> 8);
  file += header;
  file.append(reinterpret_cast<const char*>(elements.data()), elements.size() * sizeof(Number));
  return file;
}

class zip_writer {
public:
  void add(const std::string& name, const std::string& content, bool deflate = false) {
    const auto offset = bytes_.size();
    const auto packed = deflate ? deflated(content) : content;
    const auto checksum = static_cast<std::uint32_t>(
      crc32(crc32(0, nullptr, 0), reinterpret_cast<const Bytef*>(content.data()), static_cast<uInt>(content.size())));
    const std::uint16_t method = deflate ? 8 : 0;
    bytes_ += "PK\x03\x04";
    put<std::uint16_t>(bytes_, 45, 0, method, 0, 0);
    put<std::uint32_t>(bytes_, checksum, 0xffffffff, 0xffffffff);
    put<std::uint16_t>(bytes_, name.size(), 20);
    bytes_ += name;
    put<std::uint16_t>(bytes_, 1, 16);
    put<std::uint64_t>(bytes_, content.size(), packed.size());
    bytes_ += packed;
    directory_ += "PK\x01\x02";
    put<std::uint16_t>(directory_, 45, 45, 0, method, 0, 0);
    const auto extra = zip64 ? std::size_t{28} : std::size_t{0};
    if (zip64)
      put<std::uint32_t>(directory_, checksum, 0xffffffff, 0xffffffff);
    else
      put<std::uint32_t>(directory_, checksum, packed.size(), content.size());
    put<std::uint16_t>(directory_, name.size(), extra, 0, 0, 0);
    put<std::uint32_t>(directory_, 0, zip64 ? std::size_t{0xffffffff} : offset);
    directory_ += name;
    if (zip64) {
      put<std::uint16_t>(directory_, 1, 24);
      put<std::uint64_t>(directory_, content.size(), packed.size(), offset);
    }
    ++count_;
  }

  std::string archive() const {
    auto out = bytes_ + directory_;
    const auto end64 = out.size();
    if (zip64) {
      out += "PK\x06\x06";
      put<std::uint64_t>(out, 44);
      put<std::uint16_t>(out, 45, 45);
      put<std::uint32_t>(out, 0, 0);
      put<std::uint64_t>(out, count_, count_, directory_.size(), bytes_.size());
      out += "PK\x06\x07";
      put<std::uint32_t>(out, 0);
      put<std::uint64_t>(out, end64);
      put<std::uint32_t>(out, 1);
    }
    out += "PK\x05\x06";
    const auto shown = zip64 ? std::size_t{0xffff} : count_;
    put<std::uint16_t>(out, 0, 0, shown, shown);
    put<std::uint32_t>(out, directory_.size(), zip64 ? std::size_t{0xffffffff} : bytes_.size());
    put<std::uint16_t>(out, 0);
    return out;
  }

  bool zip64 = false; // as for what is beyond 4 GiB; set before the first file

private:
  template <class Number, class... Values>
  static void put(std::string& into, Values... values) {
    for (const auto value : {static_cast<Number>(values)...})
      into.append(reinterpret_cast<const char*>(&value), sizeof value);
  }

  static std::string deflated(const std::string& content) {
    z_stream stream{};
    REQUIRE(deflateInit2(&stream, 6, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK);
    std::string out(deflateBound(&stream, content.size()), '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
    stream.avail_in = static_cast<uInt>(content.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
  }

  std::string bytes_, directory_;
  std::size_t count_ = 0;
};

} // namespace syngrad
