#include "tools/train/run_tracing.hpp"

#include "actors/sanitizers.hpp"
#include "models/network.hpp"
#include "runtime/text.hpp"
#include "runtime/trace/trace_mode.hpp"
#include "tools/progress/text_table.hpp"
#include "tools/trace/report/report.hpp"
#include "tools/train/trace_facts.hpp"

#include <cerrno>
#include <filesystem>
#include <random>
#include <sys/stat.h>

namespace syngrad::tools {

namespace {

std::uint64_t new_run_id() {
  std::random_device source;
  return std::uint64_t{source()} << 32 | source();
}

trace_names names_of(const train_options& options, const counted_unit& unit) {
  const auto& s = options.settings;
  trace_names names;
  names.facts = trace_facts_of(s, unit);
  names.facts["data"] = options.data.source;
  names.facts["devices"] = options.devices.device + (options.devices.place.empty() ? "" : ", " + options.devices.place);
  names.facts["precision"] = s.precision;
  return names;
}

void remove_rings(const std::string& folder) {
  std::error_code ignored;
  std::filesystem::remove(folder + "/" + ring_file_name(0), ignored);
}

std::string describe(const collected_count& count) {
  auto line = "trace: " + show_count(static_cast<std::int64_t>(count.records)) + " records in " +
              show_real(static_cast<double>(count.bytes) / (1 << 20), 1) + " MiB";
  if (count.lost > 0)
    line += ", " + show_count(static_cast<std::int64_t>(count.lost)) + " lost (--trace-limit, or rings that were full)";
  return line;
}

} // namespace

result<run_tracing> run_tracing::start(const train_options& options, const counted_unit& unit,
                                       const run_folder& folder) {
  run_tracing tracing(folder.path());
  const auto mode = parse_trace_mode(options.settings.trace);
  const auto limit = parse_size(options.settings.trace_limit);
  if (!mode || !limit) return error::setting("--trace: " + (mode ? limit.message() : mode.message()));
  if (mode->off) return tracing;
  auto planned = trace_settings_of(*mode, *limit, options.settings.threads);
  if (!planned) return error{planned.kind(), "--trace: " + planned.message() + ", or train with --trace off"};
  auto& settings = *planned;
  settings.folder = folder.file("trace");
  settings.run_id = new_run_id();
  if (::mkdir(settings.folder.c_str(), 0777) != 0)
    return file_error("create folder", settings.folder, errno).prefixed("--run: ");
  auto recorder = trace_recorder::create(settings, names_of(options, unit));
  if (!recorder) {
    tracing.discard();
    return error{recorder.kind(), "--trace: " + recorder.message() + ", or train with --trace off"};
  }
  tracing.recorder_ = std::move(*recorder);
  return tracing;
}

run_tracing::~run_tracing() = default;

void run_tracing::discard() {
  recorder_.reset();
  std::error_code ignored;
  std::filesystem::remove_all(run_path_ + "/trace", ignored);
}

std::string run_tracing::finish(const std::string& folder, bool lost, bool hung) {
  if (!recorder_) return {};
  const auto closed = recorder_->close();
  collected_count count{recorder_->records(), recorder_->lost(), recorder_->bytes()};
  if (hung) leak_deliberately(std::move(recorder_));
  if (lost)
    return describe(count) + "; they are not with the results: they were in the folder that the run had at first";
  if (std::exchange(run_path_, folder) != folder) remove_rings(folder + "/trace"); // close() knew the old name
  others_.follow(folder);
  if (!closed) return describe(count) + "; it is incomplete: " + closed.message();
  if (!others_.empty()) {
    const auto merged = others_.merge();
    if (!merged) return describe(count) + "; only of this process: " + merged.message();
    count = *merged;
  }
  const auto line = describe(count);
  const auto page = run_path_ + "/report.html";
  if (const auto reported = write_report(run_path_, page); !reported)
    return line + "; no report: " + reported.message();
  return line + "; pictures in " + page + ", more with: syngrad trace info " + run_path_;
}

} // namespace syngrad::tools
