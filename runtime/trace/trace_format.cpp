#include "runtime/trace/trace_format.hpp"

#include <cstdio>
#include <zlib.h>

namespace syngrad {

std::uint32_t trace_crc(std::span<const char> bytes) {
  return static_cast<std::uint32_t>(::crc32_z(0, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()));
}

std::uint32_t crc_of(const trace_file_header& header) {
  return trace_crc({reinterpret_cast<const char*>(&header), offsetof(trace_file_header, crc)});
}

std::uint32_t crc_of(const trace_chunk_header& header) {
  return trace_crc({reinterpret_cast<const char*>(&header), offsetof(trace_chunk_header, crc)});
}

std::string segment_name(std::uint32_t node, std::uint32_t segment) {
  char name[48];
  std::snprintf(name, sizeof name, "node%u-%06u.trace", node, segment);
  return name;
}

std::string ring_file_name(std::uint32_t node) {
  return "node" + std::to_string(node) + ".rings";
}

} // namespace syngrad
