// write_awkward_trace FOLDER: a trace in which all is there that an export for a viewer can stumble over. Slices and
// arrows as they are to be drawn stand in perfetto_viewer_test.py.
#include "tests/support/trace_builder.hpp"

using namespace syngrad;
using namespace syngrad::test;

namespace {

struct awkward_trace {
  trace_builder builder;
  std::uint32_t source = builder.actor(2, actor_role::source, 0, "source");
  std::uint32_t group = builder.actor(3, actor_role::group, 0, "group 0");
  std::uint32_t link = builder.actor(4, actor_role::link, 0, "link");
  std::uint32_t top = builder.actor(5, actor_role::group, 1, "group 1");

  std::uint64_t send(std::int64_t time_ns, std::uint32_t to) {
    return builder.send(time_ns, source, to, trace_message::activation, {.batch = 0});
  }

  void add(record_kind kind, std::int64_t time_ns, std::uint32_t actor, std::uint64_t message, std::uint16_t ring = 0) {
    builder.half_of_handling(kind, time_ns, actor, source, message, trace_message::activation, ring);
  }

  void work(std::int64_t end_ns, std::uint64_t duration_ns, std::uint32_t stream) {
    trace_record record;
    record.time_ns = end_ns;
    record.parent = duration_ns;
    record.actor = group;
    record.peer = stream;
    record.batch = no_trace_batch;
    record.interface = no_interface;
    record.kind = record_kind::gpu;
    record.type = static_cast<std::uint8_t>(trace_message::activation);
    builder.add(record);
  }
};

} // namespace

int main(int count, char** words) {
  if (count != 2) return 2;
  awkward_trace trace;
  using enum record_kind;

  // One handler begins in the nanosecond in which the one before it ended, on another thread, whose record comes first.
  trace.builder.handle(trace.send(1000, trace.group), 2000, 5000, waiting_reason::input, 0, 0, 1);
  trace.builder.handle(trace.send(1500, trace.group), 5000, 6000, waiting_reason::input, 0, 0, 0);

  // The end of a handler was lost; of another one its begin; of a third its send.
  const auto cut = trace.send(7000, trace.group);
  trace.add(begin, 8000, trace.group, cut);
  trace.builder.handle(trace.send(7500, trace.group), 9000, 10'000);
  trace.add(end, 11'000, trace.group, trace.send(10'500, trace.group));
  trace.add(begin, 12'000, trace.group, 99);
  trace.add(end, 12'500, trace.group, 99);

  // Over a link, then to its receiver; and once more, as after a reconnection.
  const auto crossing = trace.send(13'000, trace.link);
  for (const std::int64_t at : {13'200, 13'600}) {
    trace.add(begin, at, trace.link, crossing);
    trace.add(end, at + 100, trace.link, crossing);
  }
  trace.add(begin, 14'000, trace.top, crossing);
  trace.add(end, 14'500, trace.top, crossing);

  // Handled before it was sent, by clocks that do not agree.
  const auto early = trace.send(15'500, trace.top);
  trace.add(begin, 15'000, trace.top, early);
  trace.add(end, 15'200, trace.top, early);

  // What a stream did, measured so that one work seems to begin in another one, and what another stream did meanwhile.
  trace.work(20'000, 3000, 1);
  trace.work(20'500, 4000, 2);
  trace.work(21'000, 3500, 1);
  trace.builder.write(words[1]);
}
