#include "tools/trace/export/perfetto_packets.hpp"

namespace syngrad::tools {

namespace {

namespace trace_field {
constexpr std::uint32_t packet = 1;
}
namespace packet_field {
constexpr std::uint32_t timestamp = 8, sequence = 10, track_event = 11, sequence_flags = 13, track_descriptor = 60;
}
namespace track_field {
constexpr std::uint32_t uuid = 1, name = 2, process = 3, thread = 4, parent = 5, counter = 8;
}
namespace process_field {
constexpr std::uint32_t pid = 1, name = 6;
}
namespace thread_field {
constexpr std::uint32_t pid = 1, tid = 2, name = 5;
}
namespace event_field {
constexpr std::uint32_t detail = 4, type = 9, track = 11, category = 22, name = 23, real_value = 44, flow = 47,
                        flow_end = 48;
}
namespace detail_field {
constexpr std::uint32_t whole_number = 4, name = 10;
}

constexpr std::uint64_t sequence_of_descriptors = 1;
constexpr std::uint64_t state_cleared = 1; // a flag: nothing before it matters

} // namespace

void perfetto_packets::write_packet(protobuf_writer& packet, std::uint64_t sequence) {
  packet.varint(packet_field::sequence, sequence);
  if (sequences_.insert(sequence).second) packet.varint(packet_field::sequence_flags, state_cleared);
  whole_.clear();
  whole_.message(trace_field::packet, packet);
  out_->write(whole_.bytes());
}

void perfetto_packets::write_descriptor(const protobuf_writer& descriptor) {
  packet_.clear();
  packet_.message(packet_field::track_descriptor, descriptor);
  write_packet(packet_, sequence_of_descriptors);
}

void perfetto_packets::add_process(std::uint64_t track, int pid, std::string_view name) {
  protobuf_writer process, descriptor;
  process.varint(process_field::pid, static_cast<std::uint64_t>(pid));
  process.text(process_field::name, name);
  descriptor.varint(track_field::uuid, track);
  descriptor.message(track_field::process, process);
  write_descriptor(descriptor);
}

void perfetto_packets::add_thread(std::uint64_t track, std::uint64_t parent, int pid, int tid, std::string_view name) {
  protobuf_writer thread, descriptor;
  thread.varint(thread_field::pid, static_cast<std::uint64_t>(pid));
  thread.varint(thread_field::tid, static_cast<std::uint64_t>(tid));
  thread.text(thread_field::name, name);
  descriptor.varint(track_field::uuid, track);
  descriptor.varint(track_field::parent, parent);
  descriptor.message(track_field::thread, thread);
  write_descriptor(descriptor);
}

void perfetto_packets::add_track(std::uint64_t track, std::uint64_t parent, std::string_view name) {
  protobuf_writer descriptor;
  descriptor.varint(track_field::uuid, track);
  descriptor.text(track_field::name, name);
  descriptor.varint(track_field::parent, parent);
  write_descriptor(descriptor);
}

void perfetto_packets::add_counter(std::uint64_t track, std::uint64_t parent, std::string_view name) {
  protobuf_writer descriptor;
  descriptor.varint(track_field::uuid, track);
  descriptor.text(track_field::name, name);
  descriptor.varint(track_field::parent, parent);
  descriptor.message(track_field::counter, {});
  write_descriptor(descriptor);
}

void perfetto_packets::add(const perfetto_event& event) {
  event_.clear();
  for (const auto& [name, value] : event.details) {
    detail_.clear();
    detail_.varint(detail_field::whole_number, static_cast<std::uint64_t>(value));
    detail_.text(detail_field::name, name);
    event_.message(event_field::detail, detail_);
  }
  event_.varint(event_field::type, static_cast<std::uint64_t>(event.type));
  event_.varint(event_field::track, event.track);
  if (!event.category.empty()) event_.text(event_field::category, event.category);
  if (!event.name.empty()) event_.text(event_field::name, event.name);
  if (event.type == perfetto_event::counter) event_.real(event_field::real_value, event.value);
  if (event.flow) event_.fixed64(event_field::flow, *event.flow);
  if (event.flow_ends) event_.fixed64(event_field::flow_end, *event.flow_ends);
  packet_.clear();
  packet_.varint(packet_field::timestamp, static_cast<std::uint64_t>(event.time_ns));
  packet_.message(packet_field::track_event, event_);
  write_packet(packet_, event.sequence);
}

} // namespace syngrad::tools
