#include "tools/progress/progress_printer.hpp"
#include "tools/signals.hpp"
#include "tools/trace/analysis/timing_analyses.hpp"
#include "tools/trace/trace_command.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <ctime>
#include <iostream>
#include <mutex>

namespace syngrad::tools {

namespace {

// A record may come this much later than its time says: its thread was put aside in between.
constexpr std::int64_t settled_ns = 50'000'000;

std::int64_t now_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

// Until when a view looks: of a run that goes on, to just before now.
std::int64_t horizon_of(const trace_run& run) {
  return run.going_on() ? now_ns() - settled_ns : run.end_ns() + 1;
}

class screen {
public:
  void show(const std::string& view) {
    if (interactive_ && lines_ > 0) std::cout << "\x1b[" << lines_ << "A\x1b[J";
    if (!interactive_ && lines_ > 0) std::cout << '\n';
    std::cout << view << std::flush;
    lines_ = std::count(view.begin(), view.end(), '\n');
  }

private:
  bool interactive_ = standard_terminal().interactive;
  std::ptrdiff_t lines_ = 0;
};

// Ctrl-C, to be waited for.
class awaited_interrupt {
public:
  awaited_interrupt() : signals_({[this] { happen(); }}) {}

  // True where it came before the time was over.
  bool wait(double seconds) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::duration<double>(seconds), [this] { return happened_; });
  }

private:
  void happen() {
    const std::lock_guard lock(mutex_);
    happened_ = true;
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  bool happened_ = false;
  signal_watcher signals_; // last: its thread uses the others
};

result<answer> answer_tail(const trace_request& request) {
  if (request.format != "table") return error::setting("--format: what tail shows is for people only; leave it out");
  if (!request.out.empty()) return error::setting("--out: what tail shows is for a terminal only; leave it out");
  awaited_interrupt stop;
  live_view view;
  screen shown;
  for (std::int64_t views = 1;; ++views) {
    const auto trace = trace_run::open(request.folders.front());
    if (!trace) return trace.failure();
    shown.show(text_of(view.look(*trace, horizon_of(*trace)), *trace));
    const bool enough = (request.limit > 0 && views >= request.limit) || !std::cout; // nobody would see another one
    if (trace->going_on() && !enough && !stop.wait(request.every_s)) continue;
    answer out;
    if (!trace->going_on())
      out.notes.emplace_back(trace->ended() ? "The run has ended."
                                            : "The run was killed; `syngrad trace recover` closes its trace.");
    out.records = trace->records();
    out.lost = trace->lost();
    return out;
  }
}

} // namespace

const trace_command tail_command{"tail",
                                 "RUN",
                                 "a live run: rates, queues, busy shares",
                                 "Shows what the run does, every --every seconds, until it ends, Ctrl-C, or after "
                                 "--limit views. The first view is of\n"
                                 "the time since the run began, each later one of the time since the view before.\n\n"
                                 "  handled/s  messages that the actor handled\n"
                                 "  waiting    messages in its mailbox now\n"
                                 "  busy       share of the time that it spent in handlers",
                                 1,
                                 1,
                                 false,
                                 answer_tail};

} // namespace syngrad::tools
