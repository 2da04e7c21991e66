#include "runtime/trace/trace_writer.hpp"

#include <cassert>
#include <cerrno>
#include <unistd.h>

namespace syngrad {

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

} // namespace syngrad
