#include "tests/runtime/io/temporary_folder.hpp"
#include "tests/support/catch.hpp"
#include "tools/run_folder/run_folder.hpp"

#include <array>
#include <fstream>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

using namespace syngrad;
using namespace syngrad::tools;
namespace fs = std::filesystem;

namespace {

// What a child that ran `work` returned.
int in_a_child(const std::function<int()>& work) {
  const auto child = ::fork();
  if (child == 0) ::_exit(work());
  int how = 0;
  ::waitpid(child, &how, 0);
  return WIFEXITED(how) ? WEXITSTATUS(how) : 100 + WTERMSIG(how);
}

} // namespace

TEST_CASE("A folder belongs to one process at a time, and the others are told to which") {
  const test::temporary_folder folder;
  auto lock = folder_lock::take(folder.path());
  REQUIRE(lock);
  REQUIRE(*lock);
  const auto refused = folder_lock::take(folder.path());
  REQUIRE(!refused);
  CHECK(refused.message().find("folder '" + folder.path() + "' is in use: process " + std::to_string(::getpid()) +
                               " on ") == 0);
  CHECK((*lock)->holds());
  lock->reset();
  CHECK(fs::is_empty(folder.path()));
  CHECK(folder_lock::take(folder.path()));
}

TEST_CASE("The lock of a process that was killed is free, and its file taken over") {
  const test::temporary_folder folder;
  CHECK(in_a_child([&] {
          auto lock = folder_lock::take(folder.path());
          ::raise(SIGKILL);
          return lock ? 0 : 1;
        }) == 100 + SIGKILL);
  CHECK(fs::exists(folder.file(".lock")));
  const auto lock = folder_lock::take(folder.path());
  REQUIRE(lock);
  CHECK((*lock)->holds());
}

TEST_CASE("Of many processes that want a folder at once exactly one gets it, again and again") {
  constexpr int contenders = 8;
  for (int round = 0; round < 20; ++round) {
    const test::temporary_folder folder;
    std::array<int, 2> start{}, end{};
    REQUIRE(::pipe(start.data()) == 0);
    REQUIRE(::pipe(end.data()) == 0);
    std::vector<pid_t> children;
    for (int i = 0; i < contenders; ++i) {
      const auto child = ::fork();
      if (child != 0) {
        children.push_back(child);
        continue;
      }
      ::close(start[1]);
      ::close(end[1]);
      char nothing = 0;
      (void)!::read(start[0], &nothing, 1); // until it is closed
      auto run = run_folder::create(folder.file("run"), "locked");
      const auto verdict = run ? 'w' : run.kind() == error_kind::busy ? 'l' : '?';
      if (verdict == 'w') (void)!::read(end[0], &nothing, 1); // holds it until all others have tried
      ::_exit(verdict);
    }
    ::close(start[1]);
    int winners = 0, losers = 0;
    for (int ended = 0; ended < contenders - 1; ++ended) {
      int how = 0;
      REQUIRE(::wait(&how) > 0);
      losers += WEXITSTATUS(how) == 'l';
    }
    ::close(end[1]);
    int how = 0;
    REQUIRE(::wait(&how) > 0);
    winners += WEXITSTATUS(how) == 'w';
    CHECK(winners == 1);
    CHECK(losers == contenders - 1);
    ::close(start[0]);
    ::close(end[0]);
  }
}

TEST_CASE("Who loses a folder touches nothing in it, and does not remove it") {
  const test::temporary_folder folder;
  auto winner = run_folder::create(folder.file("run"), "locked");
  REQUIRE(winner);
  std::ofstream(winner->file("metrics.csv")) << "step\n";
  CHECK(in_a_child([&] {
          const auto loser = run_folder::create(folder.file("run"), "locked");
          return loser ? 1 : loser.kind() == error_kind::busy ? 0 : 2;
        }) == 0);
  CHECK(fs::exists(winner->file("metrics.csv")));
  CHECK(winner->look() == run_folder::standing::unmoved);
}

TEST_CASE("A folder that is renamed is followed; one that is removed, or whose lock is, is known to be gone") {
  const test::temporary_folder folder;
  auto run = run_folder::create(folder.file("run"), "locked");
  REQUIRE(run);
  run->keep();
  CHECK(run->look() == run_folder::standing::unmoved);

  fs::rename(folder.file("run"), folder.file("other"));
  CHECK(run->look() == run_folder::standing::renamed);
  CHECK(fs::equivalent(run->path(), folder.file("other")));
  CHECK(run->look() == run_folder::standing::unmoved);

  // Another one under its name is another one.
  fs::rename(folder.file("other"), folder.file("third"));
  fs::create_directory(folder.file("other"));
  CHECK(run->look() == run_folder::standing::renamed);
  CHECK(fs::equivalent(run->path(), folder.file("third")));

  SECTION("removed") {
    fs::remove_all(folder.file("third"));
    CHECK(run->look() == run_folder::standing::removed);
    fs::create_directory(folder.file("third"));
    CHECK(run->look() == run_folder::standing::removed);
  }
  SECTION("emptied") {
    fs::remove(folder.file("third/.lock"));
    CHECK(run->look() == run_folder::standing::removed);
  }
}

TEST_CASE("A renamed folder that was named from the working directory still is") {
  const test::temporary_folder folder;
  const auto before = fs::current_path();
  fs::current_path(folder.path());
  {
    auto run = run_folder::create("runs/a", "locked");
    REQUIRE(run);
    fs::rename("runs/a", "runs/b");
    CHECK(run->look() == run_folder::standing::renamed);
    CHECK(run->path() == "runs/b");
    fs::rename("runs/b", folder.path() + "/c");
    CHECK(run->look() == run_folder::standing::renamed);
    CHECK(run->path() == "c");
  }
  fs::current_path(before);
}
