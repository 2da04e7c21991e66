// `syngrad compare`: makes the runs of a comparison one after the other, each in a process of its own, and keeps table
// and page up to date. Whatever ends it, the same command goes on where it was.
#include "runtime/text.hpp"
#include "tools/command_line/option_reader.hpp"
#include "tools/compare/child_run.hpp"
#include "tools/compare/comparison_folder.hpp"
#include "tools/compare/comparison_page.hpp"
#include "tools/compare/comparison_results.hpp"
#include "tools/devices/devices_command.hpp"
#include "tools/progress/text_table.hpp"
#include "tools/signals.hpp"
#include "tools/subcommand.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <ctime>
#include <filesystem>
#include <fmt/core.h>
#include <iostream>

namespace syngrad::tools {

namespace {

struct compare_options {
  comparison_request request;
  std::string vary; // in the help text alone: it is read by hand, as it may be given more than once
  std::string out;
  bool help = false;
};

// Options of `train` that are not a comparison's: where a run's results go, what it says, and files of options.
bool belongs_to_a_run(const std::string& name) {
  return name == "run" || name == "config" || name == "quiet" || name == "help";
}

// Options of `train` are noted as they are given: what they may be is tried by plan_comparison().
std::vector<option_group> train_rows(compare_options& o, train_options& train) {
  auto groups = train_option_table(train);
  for (auto& group : groups) {
    std::erase_if(group.rows, [](const option_row& row) { return belongs_to_a_run(row.name); });
    for (auto& row : group.rows) {
      const bool is_flag = row.argument.empty();
      row.set = [&o, name = row.name, is_flag](const std::string& value) {
        o.request.given.push_back({name, is_flag ? std::string() : value});
        return ok();
      };
      row.get = [] { return std::optional<std::string>(); };
    }
  }
  std::erase_if(groups, [](const option_group& group) { return group.rows.empty(); });
  return groups;
}

option_group own_rows(compare_options& o) {
  auto& asked = o.request;
  return {"What is compared",
          {text("policies", "P,P,...", asked.policies,
                "Policies; each may have an optimizer and other options of train behind plus signs: "
                "delayed+muon+lr=0.02"),
           text("links", "T,T,...", asked.links,
                "Delays of every link between groups, one way, all in the unit of the last: 0,1,10,100ms, or with "
                "--deterministic 0,1,10b. Others by --vary 'link=none|delay@1:50ms,loss@1:1%'"),
           whole_number("seeds", asked.seeds, 1, 1000, "Runs of each combination, with the seeds 1, 2, ..."),
           text("until", "TIME", asked.until,
                "Each run trains for so long, evaluations not counted: 120s, 5m, 1h. Without --steps the rate stays "
                "as it is, and each run is looked at 24 times"),
           text("vary", "NAME=A|B", o.vary,
                "Values of an option that may hold commas themselves: --vary 'betas=0.9,0.95|0.9,0.99'. May be given "
                "more than once"),
           text("out", "DIR", o.out, "Folder of the comparison; one that was stopped goes on there"),
           flag("help", o.help, "This text")}};
}

std::string compare_help() {
  compare_options options;
  auto own = own_rows(options);
  for (auto& row : own.rows)
    if (row.name == "out") row.shown_default = "runs/compare-DATE-TIME";
  return "Usage: syngrad compare [OPTION]...\n\n"
         "Trains with every combination of policies, links, and values of other options, one run after the other, and\n"
         "shows them side by side: runs.csv, and index.html with pictures, made anew after each run. Stopped by\n"
         "whatever, the same command goes on with the first run that is not made.\n\n"
         "Any option of `syngrad train` may be given, but for --run, --config and --quiet. A value that train takes "
         "as\n"
         "it is, is one for all runs; another is a list with commas: --lr 1e-3,3e-4 and --groups 2,4 are lists, "
         "--betas\n"
         "0.9,0.95 is none, and lists of such are for --vary. --target METRIC<=X ends each run when it gets there: "
         "then\n"
         "the page has the time to that target; else to the best that all have reached over the first of the links.\n"
         "Defaults stand in brackets.\n\n" +
         format_option_help(std::vector<option_group>{own}) +
         "Examples:\n"
         "  syngrad compare --data mnist:DIR --groups 4 --links 0,1,10,100ms --until 120s --out links\n"
         "  syngrad compare --policies locked+muon,delayed+muon,synthetic --steps 3000 --deterministic\n"
         "  syngrad compare --policies delayed,corrected --lr 1e-3,3e-4 --target 'error<=3' --until 5m\n\n"
         "Exit status: 0 all runs are made, 1 some of them failed, 2 bad usage, 130 interrupted.\n";
}

// Takes `--vary X` out of the arguments: it may come more than once.
result<std::vector<std::string>> without_vary(std::span<const std::string> arguments, std::vector<std::string>& vary) {
  constexpr std::string_view name = "--vary", with_value = "--vary=";
  std::vector<std::string> rest;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i].starts_with(with_value)) {
      vary.push_back(arguments[i].substr(with_value.size()));
    } else if (arguments[i] != name) {
      rest.push_back(arguments[i]);
    } else if (++i < arguments.size()) {
      vary.push_back(arguments[i]);
    } else {
      return error::setting("--vary needs a value; write --vary 'NAME=A|B'");
    }
  }
  return rest;
}

std::string new_folder() {
  const auto now = std::time(nullptr);
  std::tm parts{};
  char text[40] = "";
  if (::localtime_r(&now, &parts)) std::strftime(text, sizeof text, "%Y-%m-%d-%H-%M-%S", &parts);
  return std::string("runs/compare-") + text;
}

// For a shell.
std::string command_of(std::span<const std::string> arguments) {
  std::string text = "syngrad compare";
  for (const auto& each : arguments) {
    const bool plain = each.find_first_of(" |&;<>()$`\\\"'*?[]#~%{}!") == std::string::npos && !each.empty();
    text += " " + (plain ? each : quoted(each));
  }
  return text;
}

std::string machine_text() {
  const auto found = describe_host_processor();
  return fmt::format("{} processor{}{}", found.cores, found.cores == 1 ? "" : "s",
                     found.name.empty() ? "" : ", " + found.name);
}

// The work of one call of the command.
class comparing {
public:
  comparing(comparison_plan plan, comparison_folder folder, std::string command)
    : plan_(std::move(plan)), runs_(plan_.runs()), folder_(std::move(folder)), command_(std::move(command)) {
    for (const auto& run : runs_) results_.push_back(folder_.result_of(run));
  }

  exit_code make_all();
  void stop() { // any thread
    stopped_ = true;
    child_.signal(SIGINT);
  }
  void kill() { child_.signal(SIGKILL); }

private:
  using clock = std::chrono::steady_clock;

  status make(std::size_t run);
  status write_results() const;
  double left_s() const;
  std::size_t left() const {
    return static_cast<std::size_t>(
      std::count_if(results_.begin(), results_.end(), [](const auto& each) { return !each.is_made(); }));
  }
  void tell(std::size_t run) const;

  comparison_plan plan_;
  std::vector<planned_run> runs_;
  comparison_folder folder_;
  std::string command_;
  std::vector<run_result> results_; // of each run
  child_run child_;
  std::atomic<bool> stopped_{false};
  double made_s_ = 0; // by this call
  int made_ = 0;
};

// A run that ended by a signal of ours is partial; one that did not come to its end otherwise has failed.
status comparing::make(std::size_t run) {
  const auto& planned = runs_[run];
  if (auto cleared = folder_.clear(planned); !cleared) return cleared;
  auto words = planned.arguments;
  words.insert(words.end(), {"--quiet", "--run", folder_.folder_of(planned)});
  const auto began = clock::now();
  const auto ended = child_.run(words);
  if (!ended) return ended.failure();
  auto& result = results_[run] = folder_.result_of(planned);
  if (!result.is_made() && !stopped_) {
    const auto why =
      ended->last_words.empty() ? fmt::format("ended with exit code {}", ended->code) : ended->last_words;
    if (auto noted = note_failure(folder_.folder_of(planned), why); !noted) return noted;
    result = folder_.result_of(planned);
  }
  if (result.has_numbers()) {
    made_s_ += std::chrono::duration<double>(clock::now() - began).count();
    ++made_;
  }
  return ok();
}

// By what runs took so far: of this call, else of those that were there.
double comparing::left_s() const {
  double mean = made_ > 0 ? made_s_ / made_ : 0;
  if (made_ == 0) {
    double sum = 0;
    int count = 0;
    for (const auto& each : results_)
      if (each.has_numbers() && std::isfinite(each.wall_s)) {
        sum += each.wall_s;
        ++count;
      }
    mean = count > 0 ? sum / count : plan_.time_limit_s.value_or(no_number);
  }
  return left() == 0 ? no_number : mean * static_cast<double>(left());
}

status comparing::write_results() const {
  const comparison_results results(plan_, results_);
  if (auto done = folder_.write("runs.csv", format_runs_csv(results)); !done) return done;
  const auto title = std::filesystem::path(folder_.path()).lexically_normal().filename().string();
  return folder_.write("index.html", make_comparison_page(results, {title, command_, machine_text(), left_s()}));
}

void comparing::tell(std::size_t run) const {
  const auto& result = results_[run];
  const auto made = results_.size() - left();
  std::string what;
  if (result.state == run_result::standing::failed)
    what = "failed: " + result.why;
  else if (!result.is_made())
    what = "stopped";
  else
    what = fmt::format("{} {:.4g}, {:.0f} steps in {:.1f} s{}", result.metric_name,
                       result.state == run_result::standing::reached ? result.best_metric() : result.final_metric(),
                       result.steps, result.trained_s,
                       result.state == run_result::standing::reached ? ", target reached" : "");
  const auto left = left_s();
  std::cout << fmt::format("[{}/{}] {}: {}{}", made, results_.size(), runs_[run].folder, what,
                           std::isfinite(left) ? "; about " + show_duration(left) + " left" : "")
            << std::endl;
}

exit_code comparing::make_all() {
  const auto fails = [](const error& why) { return fail_command("compare", why); };
  std::cout << fmt::format("{} runs in {}, {} of them made", runs_.size(), folder_.path(), runs_.size() - left())
            << std::endl;
  if (auto done = write_results(); !done) return fails(done.failure());
  for (std::size_t run = 0; run < runs_.size() && !stopped_; ++run) {
    if (results_[run].is_made()) continue;
    if (auto done = make(run); !done) return fails(done.failure());
    tell(run);
    if (auto done = write_results(); !done) return fails(done.failure());
  }
  if (stopped_) {
    std::cerr << "syngrad compare: stopped; the same command with --out " << folder_.path() << " goes on\n";
    return exit_code::interrupted;
  }
  const auto failed = static_cast<std::size_t>(std::count_if(
    results_.begin(), results_.end(), [](const auto& each) { return each.state == run_result::standing::failed; }));
  std::cout << "results in " << folder_.path() << ": index.html, runs.csv" << std::endl;
  if (failed == 0) return exit_code::done;
  std::cerr << fmt::format("syngrad compare: {} of {} runs failed; a run whose folder is removed is made again\n",
                           failed, runs_.size());
  return exit_code::failed;
}

} // namespace

exit_code run_compare(std::span<const std::string> arguments) {
  ignore_write_signals();
  if (asks_for_help(arguments)) {
    std::cout << compare_help();
    return exit_code::done;
  }
  compare_options options;
  train_options train;
  auto groups = train_rows(options, train);
  groups.insert(groups.begin(), own_rows(options));
  option_reader reader(std::move(groups));
  const auto rest = without_vary(arguments, options.request.vary);
  if (!rest) return refuse_command("compare", rest.failure());
  if (auto read = reader.read(*rest); !read) return refuse_command("compare", read.failure());
  auto plan = plan_comparison(options.request);
  if (!plan) return refuse_command("compare", plan.failure());
  auto folder = comparison_folder::open(options.out.empty() ? new_folder() : options.out, *plan);
  if (!folder) return refuse_command("compare", folder.failure());
  comparing work(std::move(*plan), std::move(*folder), command_of(arguments));
  const signal_watcher watcher({[&work] { work.stop(); }, [&work] { work.kill(); }});
  return work.make_all();
}

} // namespace syngrad::tools
