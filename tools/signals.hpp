// What people, schedulers and machines ask of the program by signals, as function calls.
//
// | signal             | who sends it                                                   | what is done      |
// |--------------------|----------------------------------------------------------------|-------------------|
// | SIGINT             | Ctrl-C; a scheduler that begins gently                         | ends in order     |
// | SIGTERM            | kill, timeout, systemd, containers; schedulers at their limits | ends in order     |
// | SIGHUP             | a terminal or an ssh connection that is gone                   | ends in order     |
// | SIGUSR2            | SGE (-notify) before it kills, LSF at its limit of time        | ends in order     |
// | SIGPWR             | a power supply that runs out; the stop of some containers      | ends in order     |
// | SIGALRM            | alarm() before exec, where there is no timeout(1)              | ends in order     |
// | SIGXCPU            | the soft limit of processor time (ulimit -t, SGE, Torque)      | ends in order     |
// | SIGUSR1            | SGE before it suspends, Slurm --signal: save what you have     | saves, goes on    |
// | SIGQUIT            | Ctrl-\, for a core dump of what hangs                          | dumps, as ever    |
// | SIGTSTP, SIGCONT   | Ctrl-Z, fg; schedulers that suspend                            | left to the shell |
// | SIGVTALRM, SIGPROF | profilers, with handlers of their own                          | left to them      |
// | SIGPIPE, SIGXFSZ   | a write that fails, and says so by its errno, too              | ignored           |
// What was ignored when the program began stays ignored: SIGHUP under nohup, SIGINT of a shell's background job.
//
// A request to end is the next step, and one more than there are steps ends the process at once. But a repeat within a
// second is the same request: timeout(1) signals the process and then its group, Ctrl-C reaches a process and a wrapper
// that passes it on. SIGXCPU comes again with every second of processor time, so it is never more than the first step.
#pragma once

#include "actors/nodes/limited_wait.hpp"
#include "tools/subcommand.hpp"

#include <array>
#include <chrono>
#include <csignal>
#include <functional>
#include <thread>
#include <vector>

namespace syngrad::tools {

enum class signal_request : std::uint8_t {
  end,      // the next step
  end_once, // the first step, or nothing
  save      // what there is, and go on
};

struct watched_signal {
  int number;
  signal_request asks;
};

inline constexpr std::array watched_signals{
  watched_signal{SIGINT, signal_request::end},       watched_signal{SIGTERM, signal_request::end},
  watched_signal{SIGHUP, signal_request::end},       watched_signal{SIGUSR2, signal_request::end},
  watched_signal{SIGPWR, signal_request::end},       watched_signal{SIGALRM, signal_request::end},
  watched_signal{SIGXCPU, signal_request::end_once}, watched_signal{SIGUSR1, signal_request::save},
};

// A thread of its own takes the signals from a signalfd, so a step is ordinary code: it may lock and print. It should
// not take long: what comes meanwhile is dated when it is over. Make it before any other thread: they inherit the
// blocked signals. Destroyed, the signals kill again, unless one of them was a request to end: then the program ends,
// and they change nothing.
class signal_watcher {
public:
  using clock = std::chrono::steady_clock;

  // `save` empty: it is a request to end. `now`: of tests.
  explicit signal_watcher(std::vector<std::function<void()>> steps, std::function<void()> save = {},
                          std::function<clock::time_point()> now = clock::now);
  ~signal_watcher();
  signal_watcher(const signal_watcher&) = delete;
  signal_watcher& operator=(const signal_watcher&) = delete;

private:
  void watch();
  void take(signal_request);
  void end(signal_request);

  std::vector<std::function<void()>> steps_;
  std::function<void()> save_;
  std::function<clock::time_point()> now_;
  std::size_t taken_ = 0;        // steps
  clock::time_point taken_at_{}; // the last one
  sigset_t previous_{};
  int signals_ = -1; // signalfd
  stop_switch stop_; // the destructor's word to the thread
  std::thread thread_;
};

// Writes to a closed pipe or beyond a limit on file sizes fail with an errno instead of killing the process.
void ignore_write_signals();

} // namespace syngrad::tools
