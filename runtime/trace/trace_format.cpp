#include "runtime/trace/trace_format.hpp"

#include <cassert>
#include <cstdio>
#include <cstring>
#include <fmt/core.h>
#include <new>
#include <zlib.h>
#include <zstd.h>

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
  return fmt::format("node{}.rings", node);
}

// ---- chunk_codec

namespace {

constexpr int compression_level = 1; // a faster run matters more than a smaller file

// Calls visit(field) for each field of a record, in the order on disk.
template <class Visit>
void for_each_difference(Visit visit) {
  visit(&trace_record::time_ns);
  visit(&trace_record::message);
  visit(&trace_record::parent);
}
template <class Visit>
void for_each_plain(Visit visit) {
  visit(&trace_record::actor);
  visit(&trace_record::peer);
  visit(&trace_record::batch);
  visit(&trace_record::version);
  visit(&trace_record::value);
  visit(&trace_record::interface);
  visit(&trace_record::kind);
  visit(&trace_record::type);
}

} // namespace

struct chunk_codec::contexts {
  ZSTD_CCtx* pack = ZSTD_createCCtx();
  ZSTD_DCtx* unpack = ZSTD_createDCtx();
  ~contexts() {
    ZSTD_freeCCtx(pack);
    ZSTD_freeDCtx(unpack);
  }
};

chunk_codec::chunk_codec() : zstd_(std::make_unique<contexts>()) {
  if (!zstd_->pack || !zstd_->unpack) throw std::bad_alloc();
}
chunk_codec::~chunk_codec() = default;
chunk_codec::chunk_codec(chunk_codec&&) noexcept = default;
chunk_codec& chunk_codec::operator=(chunk_codec&&) noexcept = default;

std::span<const char> chunk_codec::pack(std::span<const trace_record> records) {
  raw_.resize(records.size() * sizeof(trace_record));
  char* to = raw_.data();
  for_each_difference([&](auto field) {
    std::uint64_t before = 0;
    for (const auto& record : records) {
      const auto now = static_cast<std::uint64_t>(record.*field);
      const auto difference = now - before;
      std::memcpy(to, &difference, sizeof difference);
      to += sizeof difference;
      before = now;
    }
  });
  for_each_plain([&](auto field) {
    for (const auto& record : records) {
      std::memcpy(to, &(record.*field), sizeof(record.*field));
      to += sizeof(record.*field);
    }
  });
  packed_.resize(ZSTD_compressBound(raw_.size()));
  const auto size =
    ZSTD_compressCCtx(zstd_->pack, packed_.data(), packed_.size(), raw_.data(), raw_.size(), compression_level);
  assert(!ZSTD_isError(size));
  return {packed_.data(), size};
}

bool chunk_codec::holds(std::span<const char> packed, std::size_t count) {
  return ZSTD_getFrameContentSize(packed.data(), packed.size()) == count * sizeof(trace_record);
}

status chunk_codec::unpack(std::span<const char> packed, std::size_t count, std::vector<trace_record>& out) {
  raw_.resize(count * sizeof(trace_record));
  const auto size = ZSTD_decompressDCtx(zstd_->unpack, raw_.data(), raw_.size(), packed.data(), packed.size());
  if (ZSTD_isError(size) || size != raw_.size()) return error::data("the records do not unpack");
  out.resize(count);
  const char* from = raw_.data();
  for_each_difference([&](auto field) {
    std::uint64_t before = 0;
    for (auto& record : out) {
      std::uint64_t difference;
      std::memcpy(&difference, from, sizeof difference);
      from += sizeof difference;
      before += difference;
      record.*field = static_cast<std::remove_reference_t<decltype(record.*field)>>(before);
    }
  });
  for_each_plain([&](auto field) {
    for (auto& record : out) {
      std::memcpy(&(record.*field), from, sizeof(record.*field));
      from += sizeof(record.*field);
    }
  });
  return ok();
}

} // namespace syngrad
