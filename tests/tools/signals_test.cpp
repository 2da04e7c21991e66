#include "tests/support/catch.hpp"
#include "tools/signals.hpp"

#include <future>
#include <sys/wait.h>
#include <unistd.h>

using namespace syngrad::tools;

TEST_CASE("each signal is the next step, on a thread where ordinary code may run") {
  std::promise<std::thread::id> first, second;
  const signal_watcher watcher(
    {[&] { first.set_value(std::this_thread::get_id()); }, [&] { second.set_value(std::this_thread::get_id()); }});
  ::kill(::getpid(), SIGINT);
  CHECK(first.get_future().get() != std::this_thread::get_id());
  ::kill(::getpid(), SIGTERM);
  CHECK(second.get_future().get() != std::this_thread::get_id());
}

TEST_CASE("the signal after the last step ends the process at once with 130") {
  const auto child = ::fork();
  if (child == 0) {
    std::promise<void> called;
    const signal_watcher watcher({[&] { called.set_value(); }});
    ::kill(::getpid(), SIGTERM);
    called.get_future().wait();
    ::kill(::getpid(), SIGINT);
    while (true) ::pause();
  }
  int how = 0;
  REQUIRE(::waitpid(child, &how, 0) == child);
  REQUIRE(WIFEXITED(how));
  CHECK(WEXITSTATUS(how) == 130);
}

TEST_CASE("once the watcher is gone, signals are as they were") {
  sigset_t before, after;
  pthread_sigmask(SIG_SETMASK, nullptr, &before);
  {
    const signal_watcher watcher({[] {}});
  }
  pthread_sigmask(SIG_SETMASK, nullptr, &after);
  CHECK(sigismember(&before, SIGINT) == sigismember(&after, SIGINT));
  CHECK(sigismember(&before, SIGTERM) == sigismember(&after, SIGTERM));
}
