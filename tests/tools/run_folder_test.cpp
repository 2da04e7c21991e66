#include "tests/runtime/io/temporary_folder.hpp"
#include "tests/support/catch.hpp"
#include "tools/run_folder/run_folder.hpp"

#include <fstream>

using namespace syngrad;
using namespace syngrad::tools;
namespace fs = std::filesystem;

TEST_CASE("A run's folder is made with its parents, and goes again where the run never starts") {
  const test::temporary_folder folder;
  {
    const auto made = run_folder::create(folder.file("a/b/c"), "locked");
    REQUIRE(made);
    CHECK(fs::is_directory(folder.file("a/b/c")));
    CHECK(fs::is_regular_file(folder.file("a/b/c/.lock")));
  }
  CHECK(!fs::exists(folder.file("a")));
}

TEST_CASE("A run's folder stays once it is kept") {
  const test::temporary_folder folder;
  {
    auto made = run_folder::create(folder.file("a"), "locked");
    REQUIRE(made);
    made->keep();
  }
  CHECK(fs::is_directory(folder.file("a")));
}

TEST_CASE("A folder that exists is taken unless it holds a run, and is never removed") {
  const test::temporary_folder folder;
  std::ofstream(folder.file("notes.txt")) << "mine";
  CHECK(run_folder::create(folder.path(), "locked"));
  CHECK(fs::exists(folder.file("notes.txt")));

  std::ofstream(folder.file("metrics.csv")) << "step\n";
  const auto refused = run_folder::create(folder.path(), "locked");
  REQUIRE(!refused);
  CHECK(refused.message() ==
        "--run: folder '" + folder.path() + "' holds a run already (metrics.csv); choose another one or remove it");
}

TEST_CASE("A path through a file is refused in words") {
  const test::temporary_folder folder;
  std::ofstream(folder.file("file")) << "x";
  const auto through = run_folder::create(folder.file("file/run"), "locked");
  REQUIRE(!through);
  CHECK(through.message().find("--run: cannot") == 0);
  const auto itself = run_folder::create(folder.file("file"), "locked");
  REQUIRE(!itself);
  CHECK(itself.message().find("Not a directory") != std::string::npos);
}

TEST_CASE("Runs without a name get folders of their own, even within one second") {
  const test::temporary_folder folder;
  const auto before = fs::current_path();
  fs::current_path(folder.path());
  {
    const auto first = run_folder::create("", "delayed");
    const auto second = run_folder::create("", "delayed");
    REQUIRE(first);
    REQUIRE(second);
    CHECK(first->path() != second->path());
    CHECK(first->path().find("runs/20") == 0);
    CHECK(first->path().find("-delayed") != std::string::npos);
  }
  fs::current_path(before);
}
