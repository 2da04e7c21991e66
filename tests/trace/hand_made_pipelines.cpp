#include "tests/trace/hand_made_pipelines.hpp"

#include <bit>

namespace syngrad::test {

namespace {

trace_record update_of(std::uint32_t group, std::uint64_t handled, std::uint64_t activation, std::uint32_t batch) {
  trace_record out;
  out.message = handled;
  out.parent = activation;
  out.actor = group;
  out.batch = batch;
  out.version = batch + 1;
  out.value = no_predictor_version;
  out.interface = no_interface;
  out.kind = record_kind::update;
  out.type = static_cast<std::uint8_t>(applied_gradient::truth);
  return out;
}

trace_record measure_of(trace_record of_update, trace_measure measure, float value) {
  of_update.kind = record_kind::metric;
  of_update.type = static_cast<std::uint8_t>(measure);
  of_update.value = std::bit_cast<std::uint32_t>(value);
  of_update.time_ns += 1;
  return of_update;
}

} // namespace

decoupled_pipeline::decoupled_pipeline(int batches, std::uint32_t sample) : trace(0, sample) {
  coordinator = trace.actor(1, actor_role::coordinator, 0, "coordinator");
  source = trace.actor(2, actor_role::source, 0, "source");
  below = trace.actor(3, actor_role::group, 0, "group 0");
  top = trace.actor(4, actor_role::group, 1, "group 1");
  predictor = trace.actor(5, actor_role::predictor, 0, "predictor 0");
  trace.fact("threads", "4");
  trace.fact("batch_size", "8");
  constexpr std::uint16_t in_source = 0, in_below = 1, in_top = 2, in_predictor = 3;
  for (int i = 0; i < batches; ++i) {
    const auto batch = static_cast<std::uint32_t>(i);
    const auto t = std::int64_t{1000} * (i + 1);
    const auto asked = trace.send(t - 60, below, source, trace_message::credit, {.ring = in_below});
    trace.handle(asked, t - 50, t + 50, waiting_reason::credit, 0, 0, in_source);
    const auto input = trace.send(t, source, below, trace_message::activation,
                                  {.parent = asked, .batch = batch, .bytes = 100, .ring = in_source});
    trace.handle(input, t + 100, t + 310, waiting_reason::input, batch, batch, in_below);
    const auto output =
      trace.send(t + 250, below, top, trace_message::activation,
                 {.parent = input, .batch = batch, .version = batch, .bytes = 200, .interface = 0, .ring = in_below});
    const auto question =
      trace.send(t + 300, below, predictor, trace_message::predict,
                 {.parent = input, .batch = batch, .version = batch, .bytes = 200, .interface = 0, .ring = in_below});
    trace.handle(question, t + 320, t + 380, waiting_reason::input, 10 + batch, 10 + batch, in_predictor);
    const auto answer = trace.send(
      t + 370, predictor, below, trace_message::synthetic_gradient,
      {.parent = question, .batch = batch, .version = 10 + batch, .bytes = 200, .interface = 0, .ring = in_predictor});
    trace.handle(answer, t + 400, t + 510, waiting_reason::input, batch, batch + 1, in_below);
    auto moved = update_of(below, answer, input, batch);
    moved.time_ns = t + 500;
    moved.interface = 0;
    moved.value = 10 + batch;
    moved.type = static_cast<std::uint8_t>(applied_gradient::synthetic);
    trace.add(moved, in_below);
    trace.add(measure_of(moved, trace_measure::staleness, static_cast<float>(i % 3)), in_below);
    trace.handle(output, t + 350, t + 860, waiting_reason::input, batch, batch + 1, in_top);
    auto at_top = update_of(top, output, output, batch);
    at_top.time_ns = t + 700;
    trace.add(at_top, in_top);
    trace.add(measure_of(at_top, trace_measure::staleness, 0), in_top);
    const auto truth = trace.send(
      t + 750, top, below, trace_message::gradient,
      {.parent = output, .batch = batch, .version = batch + 1, .bytes = 300, .interface = 0, .ring = in_top});
    trace.send(t + 850, top, coordinator, trace_message::batch_done,
               {.parent = output, .batch = batch, .ring = in_top});
    trace.handle(truth, t + 900, t + 930, waiting_reason::input, batch + 1, batch + 1, in_below);
    trace.send(t + 920, below, predictor, trace_message::target,
               {.parent = truth, .batch = batch, .version = batch + 1, .bytes = 400, .interface = 0, .ring = in_below});
    moved.time_ns = t + 920;
    trace.add(measure_of(moved, trace_measure::cosine, 0.5f + 0.1f * static_cast<float>(i % 2)), in_below);
    trace.add(measure_of(moved, trace_measure::norm_ratio, 2), in_below);
  }
}

locked_pipeline::locked_pipeline(int batches) {
  source = trace.actor(2, actor_role::source, 0, "source");
  for (std::uint16_t g = 0; g < 3; ++g)
    groups[g] = trace.actor(static_cast<std::uint16_t>(3 + g), actor_role::group, g, "group " + std::to_string(g));
  trace.fact("threads", "2");
  const auto down = [&](int from, std::int64_t time_ns, std::uint32_t batch, std::uint64_t parent) {
    return trace.send(time_ns, groups[from], groups[from - 1], trace_message::gradient,
                      {.parent = parent, .batch = batch, .interface = static_cast<std::uint16_t>(from - 1)});
  };
  const auto up = [&](int from, std::int64_t time_ns, std::uint32_t batch, std::uint64_t parent) {
    return trace.send(time_ns, groups[from], groups[from + 1], trace_message::activation,
                      {.parent = parent, .batch = batch, .interface = static_cast<std::uint16_t>(from)});
  };
  const auto move = [&](int group, std::int64_t time_ns, std::uint64_t handled, std::uint64_t activation,
                        std::uint32_t batch) {
    auto moved = update_of(groups[group], handled, activation, batch);
    moved.time_ns = time_ns;
    trace.add(moved);
  };
  // The source is one batch ahead: group 0 begins the next batch in the handler that ends the one before.
  std::uint64_t handled_below = 0;
  std::int64_t begun_below = 0;
  for (int i = 0; i < batches; ++i) {
    const auto batch = static_cast<std::uint32_t>(i);
    const std::int64_t t = 10'000 + std::int64_t{1290} * i; // group 0 begins the forward pass
    const auto sent_ns = i == 0 ? t - 10 : t - 990;
    const auto asked = trace.send(sent_ns - 90, groups[0], source, trace_message::credit, {});
    trace.handle(asked, sent_ns - 80, sent_ns + 5, waiting_reason::credit);
    const auto input =
      trace.send(sent_ns, source, groups[0], trace_message::activation, {.parent = asked, .batch = batch});
    if (i == 0) {
      handled_below = input;
      begun_below = t;
    } else {
      trace.handle(input, sent_ns + 10, sent_ns + 15);
    }
    // Handlers end with their last send: what is sent is added before the handler.
    const auto first = up(0, t + 100, batch, input);
    trace.handle(handled_below, begun_below, t + 100);
    const auto second = up(1, t + 310, batch, first);
    trace.handle(first, t + 110, t + 310);
    move(2, t + 820, second, second, batch);
    const auto to_middle = down(2, t + 820, batch, second);
    trace.handle(second, t + 320, t + 820);
    move(1, t + 1130, to_middle, first, batch);
    const auto to_bottom = down(1, t + 1130, batch, to_middle);
    trace.handle(to_middle, t + 830, t + 1130);
    move(0, t + 1290, to_bottom, input, batch);
    handled_below = to_bottom;
    begun_below = t + 1140;
  }
  trace.handle(handled_below, begun_below, 10'000 + std::int64_t{1290} * batches);
}

} // namespace syngrad::test
