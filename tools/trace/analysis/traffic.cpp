#include "tools/trace/analysis/training_analyses.hpp"

#include "tools/trace/analysis/time_buckets.hpp"

#include <charconv>
#include <unordered_map>

namespace syngrad::tools {

namespace {

std::int64_t batch_size_of(const trace_names& names) {
  const auto text = names.fact("batch_size");
  std::int64_t rows = 0;
  std::from_chars(text.data(), text.data() + text.size(), rows);
  return rows;
}

class traffic_counter {
public:
  void take_send(const trace_record& sent) {
    count(sent, 1, sent.value);
    if (node_of(sent.actor) != node_of(sent.peer)) leaving_[sent.message] = sent;
  }
  // What left the node had another size on the wire.
  void take_serialize(const trace_record& written) {
    const auto found = leaving_.find(written.message);
    if (found == leaving_.end()) return;
    count(found->second, 0, std::int64_t{written.value} - std::int64_t{found->second.value});
    leaving_.erase(found);
  }
  traffic& found() { return found_; }

private:
  void count(const trace_record& sent, std::int64_t messages, std::int64_t bytes) {
    const auto add = [&](traffic_amount& to) {
      to.messages += messages;
      to.bytes += bytes;
    };
    add(found_.by_pair[{sent.actor, sent.peer}]);
    if (sent.interface != no_interface)
      add(found_.by_interface[{sent.interface, static_cast<trace_message>(sent.type)}]);
  }

  traffic found_;
  std::unordered_map<std::uint64_t, trace_record> leaving_; // for another node, not on the wire yet
};

} // namespace

traffic measure_traffic(const trace_run& run, const trace_filter& filter) {
  // Samples are those of the time and the batches, whichever of their messages are looked at.
  auto window = time_window(filter);
  window.batches = filter.batches;
  traffic_counter counter;
  std::int64_t batches = 0;
  run.for_each(window, [&](const trace_record& record) {
    if (record.kind == record_kind::serialize) counter.take_serialize(record);
    if (record.kind != record_kind::send) return;
    if (record.type == static_cast<std::uint8_t>(trace_message::batch_done)) ++batches;
    if (filter.passes(record)) counter.take_send(record);
  });
  counter.found().samples = batches * batch_size_of(run.names());
  return std::move(counter.found());
}

} // namespace syngrad::tools
