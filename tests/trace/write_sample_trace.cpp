// write_sample_trace FOLDER: the trace of one batch through two groups, with times that a test can check, and a message
// that was never handled.
#include "tests/support/trace_builder.hpp"

#include <bit>

using namespace syngrad;
using namespace syngrad::test;

namespace {

trace_record metric(std::int64_t time_ns, std::uint32_t actor, std::uint64_t handled, trace_measure measure,
                    float value) {
  trace_record record;
  record.time_ns = time_ns;
  record.message = handled;
  record.actor = actor;
  record.batch = 0;
  record.version = 1;
  record.value = std::bit_cast<std::uint32_t>(value);
  record.interface = 0;
  record.kind = record_kind::metric;
  record.type = static_cast<std::uint8_t>(measure);
  return record;
}

} // namespace

int main(int count, char** words) {
  if (count != 2) return 2;
  trace_builder trace;
  trace.fact("policy", "decoupled");
  const auto source = trace.actor(2, actor_role::source, 0, "source");
  const auto lower = trace.actor(3, actor_role::group, 0, "group 0");
  const auto upper = trace.actor(4, actor_role::group, 1, "group 1, the \"top\"");
  const auto first = trace.send(1000, source, lower, trace_message::activation, {.batch = 0, .bytes = 256});
  trace.handle(first, 2000, 5000, waiting_reason::credit);
  const auto second = trace.send(4500, lower, upper, trace_message::activation,
                                 {.parent = first, .batch = 0, .bytes = 512, .interface = 0});
  trace.handle(second, 6000, 9000, waiting_reason::input, 0, 1);
  const auto third = trace.send(8500, upper, lower, trace_message::gradient,
                                {.parent = second, .batch = 0, .version = 1, .bytes = 512, .interface = 0});
  trace.handle(third, 10'000, 12'000, waiting_reason::input, 0, 1);
  trace_record update = metric(11'500, lower, third, trace_measure::loss, 0);
  update.parent = first;
  update.value = 3;
  update.kind = record_kind::update;
  update.type = static_cast<std::uint8_t>(applied_gradient::truth);
  trace.add(update);
  trace.add(metric(11'600, lower, third, trace_measure::staleness, 0));
  trace.add(metric(11'700, lower, third, trace_measure::cosine, 0.75f));
  trace_record product;
  product.time_ns = 8900;
  product.message = second;
  product.parent = 600; // ns
  product.actor = upper;
  product.peer = 1; // stream
  product.batch = no_trace_batch;
  product.value = 7;
  product.interface = no_interface;
  product.kind = record_kind::gpu;
  product.type = static_cast<std::uint8_t>(trace_message::gradient);
  trace.add(product);
  trace.send(12'500, source, lower, trace_message::activation, {.batch = 1, .bytes = 256});
  trace.write(words[1]);
}
