#include "tests/support/catch.hpp"
#include "tools/signals.hpp"

#include <atomic>
#include <fcntl.h>
#include <future>
#include <sys/wait.h>
#include <unistd.h>

using namespace syngrad::tools;

namespace {

// A clock that a test sets, and calls that it waits for.
class counted_calls {
public:
  std::function<void()> counting() {
    return [this] {
      ++count_;
      count_.notify_all();
    };
  }
  void wait_for(int calls) const {
    for (int now = count_; now < calls; now = count_) count_.wait(now);
  }
  int count() const { return count_; }

private:
  std::atomic<int> count_{0};
};

class hand_set_clock {
public:
  std::function<signal_watcher::clock::time_point()> reading() {
    return [this] {
      readings_.counting()();
      return signal_watcher::clock::time_point(std::chrono::milliseconds(now_ms_));
    };
  }
  void set(int milliseconds) { now_ms_ = milliseconds; }
  // A signal at that time, which the watcher has taken when this returns.
  void signal_at(int milliseconds, int number) {
    set(milliseconds);
    const int before = readings_.count();
    ::kill(::getpid(), number);
    readings_.wait_for(before + 1);
  }

private:
  std::atomic<int> now_ms_{0};
  counted_calls readings_;
};

// A watcher that was asked to end leaves its signals blocked: of a test's own process they are let through again.
class own_signals {
public:
  own_signals() { pthread_sigmask(SIG_SETMASK, nullptr, &before_); }
  ~own_signals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

private:
  sigset_t before_{};
};

// The exit code of a child that does `work`; 128 + the signal where one killed it.
int exit_code_of_child(const std::function<void()>& work) {
  const auto child = ::fork();
  if (child == 0) {
    const int nowhere = ::open("/dev/null", O_WRONLY);
    ::dup2(nowhere, 2);
    work();
    ::_exit(7);
  }
  int how = 0;
  ::waitpid(child, &how, 0);
  return WIFSIGNALED(how) ? 128 + WTERMSIG(how) : WEXITSTATUS(how);
}

} // namespace

TEST_CASE("each signal is the next step, on a thread where ordinary code may run") {
  const own_signals restored;
  hand_set_clock clock;
  std::promise<std::thread::id> first, second;
  const signal_watcher watcher(
    {[&] { first.set_value(std::this_thread::get_id()); }, [&] { second.set_value(std::this_thread::get_id()); }}, {},
    clock.reading());
  clock.signal_at(0, SIGINT);
  CHECK(first.get_future().get() != std::this_thread::get_id());
  clock.signal_at(1000, SIGTERM);
  CHECK(second.get_future().get() != std::this_thread::get_id());
}

TEST_CASE("a repeat within a second is the same request, whichever signal it is") {
  const own_signals restored;
  hand_set_clock clock;
  counted_calls first, second;
  const signal_watcher watcher({first.counting(), second.counting()}, {}, clock.reading());
  clock.signal_at(0, SIGTERM);
  clock.signal_at(1, SIGTERM);
  clock.signal_at(200, SIGHUP);
  clock.signal_at(999, SIGINT);
  CHECK(second.count() == 0);
  clock.signal_at(1000, SIGINT);
  second.wait_for(1);
  clock.signal_at(1999, SIGINT); // or the process had ended
  CHECK(first.count() == 1);
  CHECK(second.count() == 1);
}

TEST_CASE("every signal of a scheduler that ends a run is a request to end it") {
  const own_signals restored;
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGUSR2, SIGPWR, SIGALRM, SIGXCPU}) {
    counted_calls ending, saving;
    const signal_watcher watcher({ending.counting()}, saving.counting());
    ::kill(::getpid(), number);
    ending.wait_for(1);
    CHECK(saving.count() == 0);
  }
}

TEST_CASE("SIGUSR1 asks to save, as often as it comes, and is no step; where nothing can be saved it ends") {
  const own_signals restored;
  {
    counted_calls ending, saving;
    const signal_watcher watcher({ending.counting()}, saving.counting());
    for (int i = 1; i <= 3; ++i) {
      ::kill(::getpid(), SIGUSR1);
      saving.wait_for(i);
    }
    ::kill(::getpid(), SIGTERM);
    ending.wait_for(1);
    CHECK(ending.count() == 1);
  }
  counted_calls ending;
  const signal_watcher watcher({ending.counting()});
  ::kill(::getpid(), SIGUSR1);
  ending.wait_for(1);
}

TEST_CASE("SIGXCPU, which comes every second, is never more than the first step") {
  CHECK(exit_code_of_child([] {
          hand_set_clock clock;
          counted_calls first;
          const signal_watcher watcher({first.counting()}, {}, clock.reading());
          clock.signal_at(0, SIGTERM);
          for (int i = 1; i <= 3; ++i) {
            clock.set(5000 * i);
            ::kill(::getpid(), SIGXCPU);
            clock.signal_at(1, SIGPWR); // a repeat, of a higher number: what is pending is taken before
          }
          ::_exit(first.count());
        }) == 1);
}

TEST_CASE("the signal after the last step ends the process at once with 130") {
  CHECK(exit_code_of_child([] {
          hand_set_clock clock;
          const signal_watcher watcher({[] {}}, {}, clock.reading());
          clock.signal_at(0, SIGTERM);
          clock.signal_at(5000, SIGINT);
          while (true) ::pause();
        }) == 130);
}

TEST_CASE("what was ignored when the program began stays ignored") {
  for (const int number : {SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2}) {
    CHECK(exit_code_of_child([number] {
            std::signal(number, SIG_IGN);
            const signal_watcher watcher({[] { ::_exit(1); }}, [] { ::_exit(2); });
            sigset_t blocked;
            pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
            ::kill(::getpid(), number);
            ::_exit(sigismember(&blocked, number) ? 3 : 0); // blocked, it would reach the watcher all the same
          }) == 0);
  }
}

TEST_CASE("a signal that is for others is not touched") {
  for (const int number : {SIGQUIT, SIGVTALRM, SIGPROF}) {
    CHECK(exit_code_of_child([number] {
            const signal_watcher watcher({[] {}});
            ::kill(::getpid(), number);
            while (true) ::pause();
          }) == 128 + number);
  }
}

TEST_CASE("once the watcher is gone, signals are as they were") {
  sigset_t before, after;
  pthread_sigmask(SIG_SETMASK, nullptr, &before);
  {
    const signal_watcher watcher({[] {}});
  }
  pthread_sigmask(SIG_SETMASK, nullptr, &after);
  for (const auto& each : watched_signals) CHECK(sigismember(&before, each.number) == sigismember(&after, each.number));
}

TEST_CASE("a request that comes again when the watcher is gone does not take the program's exit code") {
  CHECK(exit_code_of_child([] {
          counted_calls ending;
          {
            const signal_watcher watcher({ending.counting()});
            ::kill(::getpid(), SIGTERM);
            ending.wait_for(1);
          }
          for (const int again : {SIGTERM, SIGXCPU, SIGHUP}) ::kill(::getpid(), again);
        }) == 7);
  CHECK(exit_code_of_child([] {
          {
            const signal_watcher watcher({[] {}});
          }
          ::kill(::getpid(), SIGHUP); // nobody asked before; the framework reports SIGTERM itself
        }) == 128 + SIGHUP);
}
