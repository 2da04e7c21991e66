#include "tools/bench/measure.hpp"

#include "runtime/io/json_writer.hpp"
#include "tools/progress/text_table.hpp"

#include <fmt/core.h>

namespace syngrad::tools {

std::string format_bench_table(const bench_report& report) {
  text_table table({"model", "policy", "threads", "MFLOP/step", "peak GFLOP/s", "steps/s", "share of peak", "of needed",
                    "processor ms/step", "of locked"});
  for (const auto& one : report.measurements)
    table.add({one.model, one.policy, std::to_string(one.threads), show_real(one.step_mflop, 0),
               show_real(one.peak_gflops, 1), show_real(one.steps_per_s, 1), show_percent(one.share, 1),
               show_percent(one.needed_share, 1), show_real(1e3 * one.processor_s, 3),
               show_real(one.processor_ratio, 2)});
  auto text = table.str() +
              "peak: a step's matrix products alone, on as many threads (a GPU: in one stream). of "
              "needed: without repeated products.\n"
              "processor ms/step: of all threads; of locked: the same as a multiple of that of locked training "
              "with the same settings, in turns.\n\n";
  for (const auto& hop : report.hops)
    text += fmt::format("one hop between two actors and back, {}{}{} us\n", hop.threads,
                        hop.threads == 1 ? " thread: " : " threads: ", show_real(hop.microseconds, 2));
  if (report.device_gflops > 0)
    text += report.settings.devices.device + ": large products alone, " + report.settings.devices.precision + ": " +
            show_real(report.device_gflops, 0) + " GFLOP/s\n";
  return text + "peak memory: " + show_real(static_cast<double>(report.peak_memory_bytes) / (1 << 20), 0) + " MiB\n";
}

std::string format_bench_json(const bench_report& report) {
  json_writer json;
  json.begin_object();
  json.key("pairs").number(std::int64_t{report.settings.pairs});
  json.key("seconds_a_burst").number(report.settings.seconds);
  json.key("device").text(report.settings.devices.device);
  json.key("precision").text(report.settings.devices.precision);
  json.key("cuda_graphs").boolean(report.settings.devices.graphs());
  json.key("batch").number(report.settings.batch);
  json.key("predictor").text(report.settings.predictor);
  json.key("optimizer").text(report.settings.optimizer);
  json.key("recompute").boolean(report.settings.recompute);
  json.key("device_gflops");
  report.device_gflops > 0 ? json.number(report.device_gflops) : json.null();
  json.key("measurements").begin_array();
  for (const auto& one : report.measurements) {
    json.begin_object();
    json.key("model").text(one.model);
    json.key("policy").text(one.policy);
    json.key("threads").number(std::int64_t{one.threads});
    json.key("step_mflop").number(one.step_mflop);
    json.key("needed_step_mflop").number(one.needed_step_mflop);
    json.key("peak_gflops").number(one.peak_gflops);
    json.key("steps_per_s").number(one.steps_per_s);
    json.key("share_of_peak").number(one.share);
    json.key("share_of_peak_needed").number(one.needed_share);
    json.key("processor_s_per_step").number(one.processor_s);
    json.key("locked_processor_s_per_step").number(one.locked_processor_s);
    json.key("processor_ratio").number(one.processor_ratio);
    json.end_object();
  }
  json.end_array().key("hops").begin_array();
  for (const auto& hop : report.hops)
    json.begin_object()
      .key("threads")
      .number(std::int64_t{hop.threads})
      .key("microseconds")
      .number(hop.microseconds)
      .end_object();
  return json.end_array().key("peak_memory_bytes").number(report.peak_memory_bytes).end_object().str() + "\n";
}

} // namespace syngrad::tools
