#include "tools/trace/export/perfetto_tracks.hpp"

#include "tools/trace/export/record_words.hpp"

namespace syngrad::tools {

namespace {

// Kinds of tracks, in the top bits of their numbers.
constexpr std::uint64_t process_kind = std::uint64_t{1} << 56, actor_kind = std::uint64_t{2} << 56,
                        stream_kind = std::uint64_t{3} << 56, counter_kind = std::uint64_t{4} << 56;

int pid_of(std::uint8_t node) {
  return node + 1; // 0 is the kernel's
}

int tid_of(std::uint32_t actor) {
  return pid_of(node_of(actor)) << 16 | static_cast<int>(actor & 0xffff); // never a pid: that would be a main thread
}

} // namespace

std::uint64_t perfetto_tracks::process(std::uint8_t node) {
  const auto track = process_kind | node;
  if (is_new(track)) packets_->add_process(track, pid_of(node), "node " + std::to_string(node));
  return track;
}

std::uint64_t perfetto_tracks::actor(std::uint32_t id) {
  const auto parent = process(node_of(id));
  const auto track = actor_kind | id;
  if (is_new(track)) packets_->add_thread(track, parent, pid_of(node_of(id)), tid_of(id), names_->title_of(id));
  return track;
}

std::uint64_t perfetto_tracks::stream(const trace_record& work) {
  const auto node = node_of(work.actor);
  const auto parent = process(node);
  const auto track = stream_kind | std::uint64_t{node} << 32 | work.peer;
  if (is_new(track)) packets_->add_track(track, parent, stream_title(work, *names_));
  return track;
}

std::uint64_t perfetto_tracks::counter(std::uint32_t actor, std::uint8_t number, const std::string& what) {
  const auto parent = process(node_of(actor));
  const auto track = counter_kind | std::uint64_t{number} << 32 | actor;
  if (is_new(track)) packets_->add_counter(track, parent, what + " of " + names_->title_of(actor));
  return track;
}

} // namespace syngrad::tools
