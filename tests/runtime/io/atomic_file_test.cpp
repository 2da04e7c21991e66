#include "runtime/io/atomic_file.hpp"
#include "tests/runtime/io/temporary_folder.hpp"
#include "tests/support/catch.hpp"

#include <csignal>
#include <fstream>
#include <sstream>
#include <sys/resource.h>

using namespace syngrad;
using syngrad::test::temporary_folder;

namespace {

std::string contents_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// Files of this process cannot grow beyond `bytes`: what a full disk does, without one.
class file_size_limit {
public:
  explicit file_size_limit(rlim_t bytes) {
    std::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &previous_);
    const rlimit limit{bytes, previous_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~file_size_limit() {
    ::setrlimit(RLIMIT_FSIZE, &previous_);
    std::signal(SIGXFSZ, SIG_DFL);
  }

private:
  rlimit previous_{};
};

} // namespace

TEST_CASE("An atomic file appears with its whole contents when it is committed, and not before") {
  const temporary_folder folder;
  const auto path = folder.file("a");
  {
    auto file = atomic_file::create(path, 100000);
    REQUIRE(file);
    CHECK(std::filesystem::file_size(path + ".partial") == 100000);
    REQUIRE(file->write("hello "));
    REQUIRE(file->write("world"));
    CHECK(!std::filesystem::exists(path));
    REQUIRE(file->commit());
    CHECK(contents_of(path) == "hello world");
  }
  CHECK(contents_of(path) == "hello world");
  CHECK(!std::filesystem::exists(path + ".partial"));
}

TEST_CASE("An atomic file that is not committed leaves the old one as it was") {
  const temporary_folder folder;
  const auto path = folder.file("a");
  std::ofstream(path) << "old";
  {
    auto file = atomic_file::create(path);
    REQUIRE(file);
    REQUIRE(file->write("new"));
  }
  CHECK(contents_of(path) == "old");
  CHECK(!std::filesystem::exists(path + ".partial"));
}

TEST_CASE("Space that cannot be reserved is an error that names the file and the remedy, and nothing stays") {
  const temporary_folder folder;
  const auto path = folder.file("a");
  {
    const file_size_limit limit(1000);
    const auto file = atomic_file::create(path, 2000);
    REQUIRE(!file);
    CHECK(file.message().find("cannot reserve 2000 bytes for '" + path + ".partial'") == 0);
    CHECK(file.message().find("ulimit -f") != std::string::npos);
  }
  CHECK(!std::filesystem::exists(path + ".partial"));
}

TEST_CASE("A write that fails is reported, and so is a folder that is missing") {
  auto full = file_descriptor::create("/dev/full");
  REQUIRE(full);
  const auto written = full->write("x");
  REQUIRE(!written);
  CHECK(written.message().find("cannot write '/dev/full': No space left on device; free some space") == 0);

  const temporary_folder folder;
  const auto missing = atomic_file::create(folder.file("no/a"));
  REQUIRE(!missing);
  CHECK(missing.message().find("No such file or directory; check the path") != std::string::npos);
}

TEST_CASE("Reading beyond the end says that the file is cut off") {
  const temporary_folder folder;
  std::ofstream(folder.file("a")) << "abc";
  auto file = file_descriptor::open_for_reading(folder.file("a"));
  REQUIRE(file);
  char bytes[8];
  const auto read = file->read(bytes, sizeof bytes);
  REQUIRE(!read);
  CHECK(read.message().find("is cut off: it ends 5 bytes too early") != std::string::npos);
}
