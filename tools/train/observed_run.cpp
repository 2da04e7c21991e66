#include "tools/train/observed_run.hpp"

#include "actors/hang_watch.hpp"
#include "actors/update_policy.hpp"
#include "models/network.hpp"
#include "runtime/text.hpp"
#include "tools/devices/device_set.hpp"
#include "tools/progress/text_table.hpp"
#include "tools/run_folder/summary_text.hpp"
#include "tools/run_folder/weights_files.hpp"

#include <fmt/core.h>
#include <iostream>

namespace syngrad::tools {

observed_run::observed_run(run_recorder& recorder, run_tracing& tracing, interruption& interrupt,
                           const train_options& options, std::function<checkpoint_facts()> facts)
  : recorder_(recorder), tracing_(tracing), interrupt_(interrupt), options_(options),
    printer_(std::cout, std::cerr, standard_terminal(), options.quiet, [] { return steady_seconds().count(); }),
    best_(weights_metadata(options.settings.model), options.settings.validation_fraction > 0,
          [this](const std::string& line) { printer_.notice("syngrad train: " + line); }),
    checkpoints_({.folder = [this] { return recorder_.path(); },
                  .facts = std::move(facts),
                  .keep = static_cast<std::size_t>(options.keep_checkpoints),
                  .say = [this](const std::string& line) { printer_.notice("syngrad train: " + line); }}) {
  recorder_.on_move([this](const std::string& line) { printer_.notice("syngrad train: " + line); });
}

training_observer observed_run::observer() {
  return {.on_progress =
            [this](const progress_report& report) {
              energy_.look();
              printer_.progress(report);
            },
          .on_evaluation = [this](const evaluation_report& report) { record(report); },
          .on_notice = [this](const std::string& line) { printer_.notice(line); },
          .on_checkpoint = [this](std::shared_ptr<const saved_run> state) { checkpoints_.save(std::move(state)); },
          .on_checkpoint_failed =
            [this](const std::string& why) { printer_.notice("syngrad train: no checkpoint was made: " + why); },
          .progress_interval_s = standard_terminal().interactive ? 0.25 : 1};
}

void observed_run::go_on(std::int64_t step) {
  best_.go_on(recorder_.path(), step, **make_objective(options_.settings.objective));
}

void observed_run::record(const evaluation_report& report) {
  printer_.evaluation(report, options_.settings.steps);
  if (!write_failure_.empty()) return;
  if (auto done = recorder_.evaluation(report); !done) {
    write_failure_ = done.message();
    interrupt_.request();
    return;
  }
  if (running_)
    best_.evaluated(recorder_.path(), report,
                    [this](const weights_use& use) { return running_->with_weights_now(use); });
}

// Where they are not those of the last evaluation, as which the run ends.
std::string observed_run::describe_best(const training_summary& summary) {
  const auto kept = best_.finish();
  const bool last = kept && kept->step == summary.steps && summary.end != run_end::failed;
  if (!kept || last) return "";
  return fmt::format("best: {} at step {}, in {}", show_metric(kept->value), kept->step, kept->path);
}

namespace {

// ", 1f1b of 8 micro-batches"; empty where batches are not cut.
std::string describe_pipeline(const training_settings& settings) {
  const auto parts = parts_of_batches(settings);
  if (!capabilities_of(settings).cuts_batches) return "";
  return fmt::format(", {} of {} micro-batch{}", settings.pipeline.text(), parts, parts == 1 ? "" : "es");
}

} // namespace

exit_code observed_run::execute(trainer& run, device_set& devices) {
  const auto& settings = options_.settings;
  printer_.line("training " + name_of_model(settings.model) + " in groups of " + join_text(settings.split, ",") +
                " units, policy " + settings.policy + describe_pipeline(settings) + ", " +
                std::to_string(settings.steps) + " steps of " + std::to_string(settings.batch_size) + " on " +
                std::to_string(settings.threads) + (settings.threads == 1 ? " thread" : " threads") +
                format_devices(devices.report()));
  const auto summary = take_to_its_end(run);
  printer_.finish();
  checkpoints_.finish();
  const auto best = describe_best(summary);
  const auto weights = run.weights();
  const auto held = devices.report();
  const auto saved = recorder_.finish(summary, weights, held);
  if (saved) interrupt_.note_saved();
  if (summary.end == run_end::hung) devices.abandon();
  const auto traced = tracing_.finish(recorder_.path(), recorder_.lost_its_folder(), summary.end == run_end::hung);
  if (!options_.quiet)
    std::cout << '\n' << format_groups(summary) << '\n' << format_memory(held) << format_memory(summary.memory);
  if (!options_.quiet && !traced.empty()) std::cout << traced << '\n';
  if (!options_.quiet && !best.empty()) std::cout << best << '\n';
  std::cout << format_last_line(summary, recorder_.path()) << std::endl;
  return conclude(summary, saved);
}

training_summary observed_run::take_to_its_end(trainer& run) {
  early_save saver(run, recorder_, [this](const std::string& line) { printer_.notice("syngrad train: " + line); });
  interrupt_.aim(&run, &saver, !options_.cluster.active());
  if (options_.keep_best == "on" && !options_.cluster.active()) running_ = &run;
  const auto computed = computed_so_far();
  energy_.begin();
  auto summary = run.run();
  summary.processor_s = (computed_so_far() - computed).count();
  summary.joules = energy_.joules().value_or(not_measured);
  interrupt_.aim(nullptr, nullptr);
  running_ = nullptr;
  if (summary.test.empty()) // it ended before there was anything to judge
    summary.test = summary.validation = (*make_objective(options_.settings.objective))->unmeasured();
  return summary;
}

exit_code observed_run::conclude(const training_summary& summary, const status& saved) const {
  const auto fail = [](const std::string& why) {
    std::cerr << "syngrad train: " << why << '\n';
    return exit_code::failed;
  };
  if (!saved) return fail(saved.message());
  if (const auto remark = recorder_.remark(); !remark.empty()) fail(remark);
  if (!write_failure_.empty()) return fail("stopped, weights are saved: " + write_failure_);
  switch (summary.end) {
  case run_end::finished:
  case run_end::target_reached:
  case run_end::time_over:
    return exit_code::done;
  case run_end::interrupted:
    if (!summary.failure.empty()) fail(summary.failure);
    return exit_code::interrupted;
  case run_end::failed:
    return fail(summary.failure);
  case run_end::hung:
    break;
  }
  return fail("hung: " + summary.failure);
}

} // namespace syngrad::tools
