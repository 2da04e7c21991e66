// As Perfetto shows it: a handler is a slice on its actor's track, named by its message; a send is an instant there,
// with an arrow to the slice that handles the message; queue depth and every measure are counters.
#include "runtime/trace/trace_vocabulary.hpp"
#include "tools/trace/export/export_format.hpp"
#include "tools/trace/export/message_arrows.hpp"
#include "tools/trace/export/perfetto_tracks.hpp"
#include "tools/trace/export/record_words.hpp"

#include <map>

namespace syngrad::tools {

namespace {

constexpr std::uint8_t queue_counter = 255; // measures have the numbers of their own from 1 up

class perfetto_story {
public:
  perfetto_story(perfetto_packets& packets, const trace_names& names, const message_arrows& arrows)
    : packets_(&packets), tracks_(packets, names), arrows_(&arrows) {}

  void tell(const trace_record& record) {
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
    if (record.kind == record_kind::send && arrows_->contains(record.message)) event.flow_begins = record.message;
    packets_->add(event);
  }

  void begin(const trace_record& record) {
    if (record.message != 0) queue(record, record.actor, -1);
    end(record); // where that record was lost
    auto event = event_of(record, perfetto_event::slice_begin);
    event.name = type_of(record);
    event.category = "handler";
    event.details.emplace_back("bytes", record.value);
    if (arrows_->contains(record.message)) event.flow_ends = record.message;
    packets_->add(event);
    open_[record.actor] = true;
  }

  void end(const trace_record& record) {
    if (!std::exchange(open_[record.actor], false)) return;
    perfetto_event event;
    event.time_ns = record.time_ns;
    event.type = perfetto_event::slice_end;
    event.track = tracks_.actor(record.actor);
    packets_->add(event);
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

  // The time of such a record is the end of its work.
  void stream(const trace_record& record) {
    auto event = event_of(record, perfetto_event::slice_begin);
    event.track = tracks_.stream(record);
    event.time_ns = record.time_ns - static_cast<std::int64_t>(record.parent);
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
    packets_->add(done);
  }

  perfetto_packets* packets_;
  perfetto_tracks tracks_;
  const message_arrows* arrows_;
  std::map<std::uint32_t, bool> open_; // by actor: whether a slice is
  std::map<std::uint32_t, int> depths_;
};

result<std::uint64_t> write(const trace_run& run, const trace_filter& filter, const std::string& path) {
  auto file = export_file::create(path);
  if (!file) return file.failure();
  const message_arrows arrows(run, filter);
  perfetto_packets packets(*file);
  perfetto_story story(packets, run.names(), arrows);
  std::uint64_t count = 0;
  run.for_each(filter, [&](const trace_record& record) {
    story.tell(record);
    ++count;
  });
  if (auto done = file->commit(); !done) return done.failure();
  return count;
}

} // namespace

const export_format perfetto_export{"perfetto", "trace.perfetto-trace",
                                    "Open it in https://ui.perfetto.dev (it stays in the browser).", write};

} // namespace syngrad::tools
