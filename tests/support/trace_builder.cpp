#include "tests/support/trace_builder.hpp"

#include "runtime/trace/trace_file.hpp"

#include <algorithm>
#include <filesystem>
#include <span>
#include <stdexcept>

namespace syngrad::test {

namespace {

void must(const status& done) {
  if (!done) throw std::runtime_error(done.message());
}

} // namespace

std::uint32_t trace_builder::actor(std::uint16_t number, actor_role role, int index, const std::string& title) {
  const auto id = actor_id(node_, number);
  names_.actors[id] = {role, index, title};
  return id;
}

std::uint64_t trace_builder::send(std::int64_t time_ns, std::uint32_t from, std::uint32_t to, trace_message type,
                                  const details& more) {
  trace_record sent;
  sent.time_ns = time_ns;
  sent.message = message_origin(node_of(from), static_cast<std::uint16_t>(from)) | ++sequences_[from];
  sent.parent = more.parent;
  sent.actor = from;
  sent.peer = to;
  sent.batch = more.batch;
  sent.version = more.version;
  sent.value = more.bytes;
  sent.interface = more.interface;
  sent.kind = record_kind::send;
  sent.type = static_cast<std::uint8_t>(type);
  sent_[sent.message] = sent;
  add(sent, more.ring);
  return sent.message;
}

void trace_builder::handle(std::uint64_t message, std::int64_t begin_ns, std::int64_t end_ns, waiting_reason reason,
                           std::uint32_t version_before, std::uint32_t version_after, std::uint16_t ring) {
  auto record = sent_.at(message);
  std::swap(record.actor, record.peer);
  record.time_ns = begin_ns;
  record.kind = record_kind::begin;
  record.version = version_before;
  add(record, ring);
  record.time_ns = end_ns;
  record.kind = record_kind::end;
  record.version = version_after;
  record.value = static_cast<std::uint32_t>(reason);
  add(record, ring);
}

void trace_builder::half_of_handling(record_kind kind, std::int64_t time_ns, std::uint32_t actor, std::uint32_t peer,
                                     std::uint64_t message, trace_message type, std::uint16_t ring) {
  trace_record record;
  record.time_ns = time_ns;
  record.message = message;
  record.actor = actor;
  record.peer = peer;
  record.interface = no_interface;
  record.kind = kind;
  record.type = static_cast<std::uint8_t>(type);
  add(record, ring);
}

void trace_builder::add(const trace_record& record, std::uint16_t ring) {
  rings_[ring].push_back(record);
}

void trace_builder::write(const std::string& folder, bool ended) const {
  std::filesystem::create_directories(folder);
  trace_file_header header;
  header.node = node_;
  header.sample = sample_;
  header.run_id = run_id_;
  header.monotonic_ns = monotonic_ns_;
  header.realtime_ns = realtime_ns_;
  auto made = trace_writer::create({folder, header}, names_);
  if (!made) throw std::runtime_error(made.message());
  for (auto [ring, records] : rings_) {
    std::stable_sort(records.begin(), records.end(),
                     [](const auto& a, const auto& b) { return a.time_ns < b.time_ns; });
    for (std::size_t first = 0; first < records.size(); first += most_records_a_chunk) {
      const auto count = std::min<std::size_t>(most_records_a_chunk, records.size() - first);
      must(made->append(ring, first, 0, std::span(records).subspan(first, count)));
    }
  }
  if (ended) must(made->finish(0));
}

} // namespace syngrad::test
