#include "runtime/trace/trace_file.hpp"

#include "runtime/io/file_descriptor.hpp"

#include <cassert>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <optional>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace syngrad {

// ---- trace_writer

namespace {

constexpr std::uint64_t segments_in_window = 8;

} // namespace

trace_writer::trace_writer(settings wanted, const trace_names& names)
  : settings_(std::move(wanted)), names_(names), next_segment_(settings_.header.segment) {}

result<trace_writer> trace_writer::create(settings wanted, const trace_names& names) {
  trace_writer writer(std::move(wanted), names);
  if (auto done = writer.begin_segment(); !done) return done.failure();
  return writer;
}

result<trace_writer> trace_writer::resume(const std::string& folder, const trace_file_header& header,
                                          std::uint64_t bytes, const trace_names& names) {
  trace_writer writer({folder, header}, names);
  auto file = file_descriptor::open_for_writing(folder + "/" + segment_name(header.node, header.segment));
  if (!file) return file.failure();
  if (auto done = file->cut(bytes); !done) return done.failure();
  writer.file_ = std::move(*file);
  writer.next_segment_ = header.segment + 1;
  writer.offset_ = writer.written_ = bytes;
  writer.segments_.push_back({writer.file_.path(), bytes});
  return writer;
}

status trace_writer::begin_segment() {
  if (file_)
    if (auto done = file_.close(); !done) return done;
  auto header = settings_.header;
  header.segment = next_segment_++;
  header.crc = crc_of(header);
  auto file = file_descriptor::create(settings_.folder + "/" + segment_name(header.node, header.segment));
  if (!file) return file.failure();
  file_ = std::move(*file);
  if (auto done = file_.write(&header, sizeof header); !done) {
    ::unlink(file_.path().c_str());
    return done;
  }
  segments_.push_back({file_.path(), 0});
  offset_ = sizeof header;
  written_ += sizeof header;
  segments_.back().bytes = offset_;
  const auto text = names_.text();
  trace_chunk_header names;
  names.kind = chunk_kind::names;
  return write(names, text);
}

status trace_writer::write(trace_chunk_header header, std::span<const char> payload) {
  header.payload_bytes = static_cast<std::uint32_t>(payload.size());
  header.payload_crc = trace_crc(payload);
  header.offset = offset_;
  header.crc = crc_of(header);
  auto done = file_.write(&header, sizeof header);
  if (done) done = file_.write(payload.data(), payload.size());
  if (!done) {
    if (file_) (void)file_.cut(offset_); // a part of a chunk would put every later one where no reader looks for it
    return done;
  }
  offset_ += sizeof header + payload.size();
  written_ += sizeof header + payload.size();
  segments_.back().bytes = offset_;
  return ok();
}

status trace_writer::append(std::uint16_t ring, std::uint64_t first, std::uint64_t lost,
                            std::span<const trace_record> records) {
  assert(!records.empty() && records.size() <= most_records_a_chunk);
  if (settings_.flight && offset_ >= settings_.limit_bytes / segments_in_window) {
    if (auto done = begin_segment(); !done) return done;
    if (auto done = drop_oldest(); !done) return done;
  }
  trace_chunk_header header;
  header.ring = ring;
  header.count = static_cast<std::uint32_t>(records.size());
  header.first_sequence = first;
  header.lost = lost;
  header.first_time_ns = records.front().time_ns;
  header.last_time_ns = records.back().time_ns;
  return write(header, codec_.pack(records));
}

status trace_writer::append(const trace_names& names) {
  names_ = names;
  trace_chunk_header header;
  header.kind = chunk_kind::names;
  return write(header, names_.text());
}

status trace_writer::drop_oldest() {
  std::uint64_t kept = 0;
  for (const auto& each : segments_) kept += each.bytes;
  while (segments_.size() > 2 && kept > settings_.limit_bytes) {
    if (::unlink(segments_.front().path.c_str()) != 0) return file_error("remove", segments_.front().path, errno);
    kept -= segments_.front().bytes;
    segments_.pop_front();
  }
  return ok();
}

status trace_writer::finish(std::uint8_t flags) {
  trace_chunk_header end;
  end.kind = chunk_kind::end;
  end.flags = flags;
  if (auto done = write(end, {}); !done) return done;
  if (auto done = file_.synchronize(); !done) return done;
  return file_.close();
}

// ---- trace_file

namespace {

result<std::shared_ptr<const char>> map_file(const std::string& path, std::uint64_t& size) {
  const int number = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (number < 0) return file_error("open", path, errno);
  struct stat about {};
  const bool known = ::fstat(number, &about) == 0 && about.st_size > 0;
  size = known ? static_cast<std::uint64_t>(about.st_size) : 0;
  void* memory = known ? ::mmap(nullptr, size, PROT_READ, MAP_SHARED, number, 0) : nullptr;
  const int failed = errno;
  ::close(number);
  if (memory == MAP_FAILED) return file_error("map", path, failed);
  const auto bytes = size;
  return std::shared_ptr<const char>(static_cast<const char*>(memory), [bytes](const char* at) {
    if (at) ::munmap(const_cast<char*>(at), bytes);
  });
}

// The header at `offset`, where it is whole and belongs there.
std::optional<trace_chunk_header> header_at(const char* bytes, std::uint64_t size, std::uint64_t offset) {
  trace_chunk_header header;
  if (offset > size || size - offset < sizeof header) return std::nullopt;
  std::memcpy(&header, bytes + offset, sizeof header);
  if (header.magic != chunk_magic || header.offset != offset || header.crc != crc_of(header)) return std::nullopt;
  return header;
}

bool payload_whole(const char* bytes, std::uint64_t size, const trace_chunk_header& header) {
  const auto begin = header.offset + sizeof header;
  return size - begin >= header.payload_bytes && trace_crc({bytes + begin, header.payload_bytes}) == header.payload_crc;
}

} // namespace

result<trace_file> trace_file::open(const std::string& path) {
  trace_file file;
  file.path_ = path;
  auto bytes = map_file(path, file.size_);
  if (!bytes) return bytes.failure();
  file.bytes_ = std::move(*bytes);
  trace_file_header expected;
  if (file.size_ < sizeof expected) return error::data("'" + path + "' is too short to be a trace");
  std::memcpy(&file.header_, file.bytes_.get(), sizeof file.header_);
  if (std::memcmp(file.header_.magic, expected.magic, sizeof expected.magic) != 0)
    return error::data("'" + path + "' is not a trace, or one of another version");
  if (file.header_.crc != crc_of(file.header_) || file.header_.node > 255 || file.header_.sample == 0)
    return error::data("the header of '" + path + "' is damaged");
  file.index();
  return file;
}

void trace_file::index() {
  const char* bytes = bytes_.get();
  std::uint64_t at = whole_bytes_ = sizeof header_;
  while (at < size_) {
    const auto header = header_at(bytes, size_, at);
    if (header && payload_whole(bytes, size_, *header)) {
      take(*header);
      at = whole_bytes_ = at + sizeof *header + header->payload_bytes;
      continue;
    }
    if (header && header->kind == chunk_kind::records) unreadable_.push_back(*header);
    const auto next = next_chunk(at + 1);
    damage_.push_back({path_, at, next - at, next == size_ ? torn_at_its_end : "damaged"});
    at = next;
  }
}

void trace_file::take(const trace_chunk_header& header) {
  const auto length = sizeof header + header.payload_bytes;
  const std::span payload(bytes_.get() + header.offset + sizeof header, header.payload_bytes);
  switch (header.kind) {
  case chunk_kind::records:
    if (header.count >= 1 && header.count <= most_records_a_chunk && chunk_codec::holds(payload, header.count)) {
      chunks_.push_back(header);
    } else {
      unreadable_.push_back(header);
      damage_.push_back({path_, header.offset, length, "records that do not unpack"});
    }
    return;
  case chunk_kind::names:
    names_.add({payload.data(), payload.size()});
    return;
  case chunk_kind::end:
    ended_ = true;
    recovered_ = recovered_ || (header.flags & chunk_recovered);
    return;
  }
  damage_.push_back({path_, header.offset, length, "a chunk of an unknown kind"});
}

std::uint64_t trace_file::next_chunk(std::uint64_t from) const {
  const char* bytes = bytes_.get();
  for (auto at = from; at < size_; ++at) {
    const auto* found = static_cast<const char*>(std::memchr(bytes + at, 'C', size_ - at));
    if (!found) return size_;
    at = static_cast<std::uint64_t>(found - bytes);
    if (header_at(bytes, size_, at)) return at;
  }
  return size_;
}

status trace_file::read(const trace_chunk_header& header, chunk_codec& codec, std::vector<trace_record>& out) const {
  return codec.unpack({bytes_.get() + header.offset + sizeof header, header.payload_bytes}, header.count, out);
}

} // namespace syngrad
