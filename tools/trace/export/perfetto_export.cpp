#include "runtime/trace/trace_vocabulary.hpp"
#include "tools/trace/analysis/causal_analyses.hpp"
#include "tools/trace/export/export_format.hpp"
#include "tools/trace/export/perfetto_packets.hpp"
#include "tools/trace/record_text.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <limits>
#include <map>
#include <set>

namespace syngrad::tools {

namespace {

// The tracks of an exported trace: a process for each node, a thread for each actor, a track for each stream, and a
// counter for each quantity of an actor. Each is described when it is asked for first. One thread at a time.
class perfetto_tracks {
public:
  perfetto_tracks(perfetto_packets& packets, const trace_names& names) : packets_(&packets), names_(&names) {}

  std::uint64_t process(std::uint8_t node);
  std::uint64_t actor(std::uint32_t id);
  std::uint64_t stream(const trace_record& work);
  // `number`: of the quantity, any; `what`: its name, such as "queue depth".
  std::uint64_t counter(std::uint32_t actor, std::uint8_t number, const std::string& what);

private:
  bool is_new(std::uint64_t track) { return described_.insert(track).second; }

  perfetto_packets* packets_;
  const trace_names* names_;
  std::set<std::uint64_t> described_;
};

// Kinds of tracks, in the top bits of their numbers.
constexpr std::uint64_t process_kind = std::uint64_t{1} << 56, actor_kind = std::uint64_t{2} << 56,
                        stream_kind = std::uint64_t{3} << 56, counter_kind = std::uint64_t{4} << 56;

int pid_of(std::uint8_t node) {
  return node + 1; // 0 is the kernel's
}

int tid_of(std::uint32_t actor) {
  return pid_of(node_of(actor)) << 16 | static_cast<int>(actor & 0xffff); // never a pid: that would be a main thread
}

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

constexpr std::uint8_t queue_counter = 255; // measures have the numbers of their own from 1 up

constexpr std::uint64_t first_stream_sequence = 2;

struct stream_state {
  std::uint64_t sequence = 0;
  std::int64_t end_ns = std::numeric_limits<std::int64_t>::min();
};

class perfetto_story {
public:
  perfetto_story(perfetto_packets& packets, const trace_names& names, const message_arrows& arrows)
    : packets_(&packets), tracks_(packets, names), arrows_(&arrows) {}

  // Of the records in their order.
  void tell(const trace_record& record) {
    part_ = arrows_->part_of(record, number_++);
    switch (record.kind) {
    case record_kind::send:
      instant(record, "send");
      if (node_of(record.actor) == node_of(record.peer)) queue(record, record.peer, 1);
      return;
    case record_kind::enqueue:
      return queue(record, record.actor, 1);
    case record_kind::begin:
      return begin(record);
    case record_kind::end:
      return end(record);
    case record_kind::metric:
      return measure(record);
    case record_kind::gpu:
      return stream(record);
    case record_kind::update:
      return instant(record, "update");
    default:
      return instant(record, "other");
    }
  }

private:
  perfetto_event event_of(const trace_record& record, perfetto_event::kind type) {
    perfetto_event event;
    event.time_ns = record.time_ns;
    event.type = type;
    event.track = tracks_.actor(record.actor);
    if (has_batch(record)) event.details.emplace_back("batch", record.batch);
    if (record.interface != no_interface) event.details.emplace_back("interface", record.interface);
    event.details.emplace_back("version", record.version);
    return event;
  }

  void instant(const trace_record& record, std::string_view category) {
    auto event = event_of(record, perfetto_event::instant);
    const auto type = type_of(record);
    const auto name = std::string(name_of(record.kind)) + (type.empty() ? "" : " ") + std::string(type);
    event.name = name;
    event.category = category;
    if (record.kind == record_kind::update && record.value != no_predictor_version)
      event.details.emplace_back("predictor_version", record.value);
    if (is_message(record.kind)) event.details.emplace_back("bytes", record.value);
    draw_arrow(event, record.message);
    packets_->add(event);
  }

  void begin(const trace_record& record) {
    if (record.message != 0) queue(record, record.actor, -1);
    close(record.actor, record.time_ns); // where the end of the one before was lost
    auto event = event_of(record, perfetto_event::slice_begin);
    event.name = type_of(record);
    event.category = "handler";
    event.details.emplace_back("bytes", record.value);
    draw_arrow(event, record.message);
    packets_->add(event);
    open_[record.actor] = record.message;
  }

  // An end of another message than the one that is handled belongs to a slice that was closed for want of it.
  void end(const trace_record& record) {
    const auto open = open_.find(record.actor);
    if (open != open_.end() && open->second == record.message) close(record.actor, record.time_ns);
  }

  void close(std::uint32_t actor, std::int64_t time_ns) {
    if (open_.erase(actor) == 0) return;
    perfetto_event event;
    event.time_ns = time_ns;
    event.type = perfetto_event::slice_end;
    event.track = tracks_.actor(actor);
    packets_->add(event);
  }

  void draw_arrow(perfetto_event& event, std::uint64_t message) const {
    if (part_ == arrow_part::begin || part_ == arrow_part::step) event.flow = message;
    if (part_ == arrow_part::end) event.flow_ends = message;
  }

  void queue(const trace_record& record, std::uint32_t actor, int change) {
    auto& depth = depths_[actor];
    if (depth + change < 0) return; // its send was lost
    depth += change;
    count(record.time_ns, tracks_.counter(actor, queue_counter, "queue depth"), depth);
  }

  void measure(const trace_record& record) {
    const auto name = std::string(type_of(record));
    count(record.time_ns, tracks_.counter(record.actor, record.type, name), record.measured());
  }

  void count(std::int64_t time_ns, std::uint64_t track, double value) {
    perfetto_event event;
    event.time_ns = time_ns;
    event.type = perfetto_event::counter;
    event.track = track;
    event.value = value;
    packets_->add(event);
  }

  // The time of such a record is the end of its work. A stream does one thing after the other, whatever the uncertainty
  // of its times says; its begins are told late, so it has a sequence of its own.
  void stream(const trace_record& record) {
    auto event = event_of(record, perfetto_event::slice_begin);
    event.track = tracks_.stream(record);
    auto& last = streams_.try_emplace(event.track, stream_state{first_stream_sequence + streams_.size()}).first->second;
    event.sequence = last.sequence;
    event.time_ns = std::max(record.time_ns - static_cast<std::int64_t>(record.parent), last.end_ns);
    last.end_ns = record.time_ns;
    event.name = type_of(record);
    event.category = "device";
    event.details.pop_back(); // no version: the field is
    event.details.emplace_back("uncertainty_ns", record.version);
    event.details.emplace_back("operators", record.value);
    packets_->add(event);
    perfetto_event done;
    done.time_ns = record.time_ns;
    done.type = perfetto_event::slice_end;
    done.track = event.track;
    done.sequence = event.sequence;
    packets_->add(done);
  }

  perfetto_packets* packets_;
  perfetto_tracks tracks_;
  const message_arrows* arrows_;
  std::uint64_t number_ = 0;                      // of the record that comes next
  arrow_part part_ = arrow_part::none;            // of the record that is told
  std::map<std::uint32_t, std::uint64_t> open_;   // by actor: the message of its open slice
  std::map<std::uint64_t, stream_state> streams_; // by track
  std::map<std::uint32_t, int> depths_;
};

std::string backwards_note(std::uint64_t backwards, std::int64_t uncertainty_ns) {
  auto note =
    std::to_string(backwards) +
    (backwards == 1 ? " message was handled before it was sent" : " messages were handled before they were sent") +
    " by the clocks of the nodes; no arrow shows that";
  if (uncertainty_ns > 0) note += fmt::format(" (clocks are known to {} us)", (uncertainty_ns + 999) / 1000);
  return note + ".";
}

result<exported> write_perfetto(const trace_run& run, const trace_filter& filter, output_file& file) {
  const message_arrows arrows(run, filter);
  perfetto_packets packets(file);
  perfetto_story story(packets, run.names(), arrows);
  exported out;
  run.for_each(filter, [&](const trace_record& record) {
    story.tell(record);
    ++out.records;
    return !file.failed();
  });
  if (arrows.backwards() > 0) out.notes.push_back(backwards_note(arrows.backwards(), run.clock_uncertainty_ns()));
  if (auto done = file.commit(); !done) return done.failure();
  return out;
}

} // namespace

const export_format perfetto_export{"perfetto", "trace.perfetto-trace",
                                    "Open it in https://ui.perfetto.dev (it stays in the browser).", false,
                                    write_perfetto};

} // namespace syngrad::tools
