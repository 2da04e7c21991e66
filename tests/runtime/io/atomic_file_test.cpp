#include "runtime/io/output_file.hpp"
#include "tests/runtime/io/temporary_folder.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/file_contents.hpp"

#include <csignal>
#include <fstream>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

using namespace syngrad;
using syngrad::test::contents_of;
using syngrad::test::temporary_folder;

namespace {

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

// What stands beside a file that is being written.
std::vector<std::string> partial_files(const temporary_folder& folder) {
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path()))
    if (entry.path().string().find(".partial-") != std::string::npos) found.push_back(entry.path().string());
  return found;
}

std::filesystem::perms permissions_of(const std::string& path) {
  return std::filesystem::status(path).permissions();
}

} // namespace

TEST_CASE("An atomic file appears with its whole contents when it is committed, and not before") {
  const temporary_folder folder;
  const auto path = folder.file("a");
  {
    auto file = atomic_file::create(path, 100000);
    REQUIRE(file);
    REQUIRE(partial_files(folder).size() == 1);
    CHECK(std::filesystem::file_size(partial_files(folder).front()) == 100000);
    REQUIRE(file->write("hello "));
    REQUIRE(file->write("world"));
    CHECK(!std::filesystem::exists(path));
    REQUIRE(file->commit());
    CHECK(contents_of(path) == "hello world");
  }
  CHECK(contents_of(path) == "hello world");
  CHECK(partial_files(folder).empty());
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
  CHECK(partial_files(folder).empty());
}

TEST_CASE("Two writers of one file do not write into one another: the last one to commit wins, whole") {
  const temporary_folder folder;
  const auto path = folder.file("a");
  auto first = atomic_file::create(path, 5000), second = atomic_file::create(path, 100);
  REQUIRE(first);
  REQUIRE(second);
  CHECK(partial_files(folder).size() == 2);
  REQUIRE(first->write("first"));
  REQUIRE(second->write("second"));
  REQUIRE(first->commit());
  CHECK(contents_of(path) == "first");
  REQUIRE(second->commit());
  CHECK(contents_of(path) == "second");
  CHECK(partial_files(folder).empty());
}

TEST_CASE("A file that is replaced keeps its permissions, those of nobody else's eyes from the first byte on") {
  const temporary_folder folder;
  const auto path = folder.file("a");
  std::ofstream(path) << "old";
  for (const auto mode : {0600u, 0664u, 0755u}) {
    std::filesystem::permissions(path, std::filesystem::perms(mode));
    auto file = atomic_file::create(path);
    REQUIRE(file);
    CHECK(permissions_of(partial_files(folder).at(0)) == std::filesystem::perms(mode));
    REQUIRE(file->commit());
    CHECK(permissions_of(path) == std::filesystem::perms(mode));
  }
}

TEST_CASE("A file that is replaced keeps its owner and group where the process may give them") {
  if (::geteuid() != 0) return; // nobody else can
  const temporary_folder folder;
  const auto path = folder.file("a");
  std::ofstream(path) << "old";
  REQUIRE(::chown(path.c_str(), 12345, 23456) == 0);
  auto file = atomic_file::create(path);
  REQUIRE(file);
  REQUIRE(file->commit());
  struct stat about {};
  REQUIRE(::stat(path.c_str(), &about) == 0);
  CHECK(about.st_uid == 12345);
  CHECK(about.st_gid == 23456);
}

TEST_CASE(
  "A symbolic link stays one: what it leads to is replaced, over several links, and where nothing is there yet") {
  namespace fs = std::filesystem;
  const temporary_folder folder;
  fs::create_directory(folder.file("far"));
  const auto target = folder.file("far/file");
  fs::create_symlink("far/next", folder.file("link")); // relative to the folders they stand in
  fs::create_symlink("file", folder.file("far/next"));
  for (const std::string text : {"new", "again"}) {
    auto file = atomic_file::create(folder.file("link"));
    REQUIRE(file);
    REQUIRE(file->write(text));
    REQUIRE(file->commit());
    CHECK(fs::is_symlink(folder.file("link")));
    CHECK(fs::is_symlink(folder.file("far/next")));
    CHECK(!fs::is_symlink(target));
    CHECK(contents_of(target) == text);
  }
  fs::create_symlink("around", folder.file("round"));
  fs::create_symlink("round", folder.file("around"));
  const auto loop = atomic_file::create(folder.file("round"));
  REQUIRE(!loop);
  CHECK(loop.message().find("Too many levels of symbolic links") != std::string::npos);
}

TEST_CASE("What is no regular file is not replaced: a device, a FIFO and a folder stay what they are") {
  const temporary_folder folder;
  const auto fifo = folder.file("fifo");
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  CHECK(atomic_file::create(fifo).message() ==
        "'" + fifo + "' is a pipe, and this needs a file that can be replaced; name a file");
  CHECK(std::filesystem::is_fifo(fifo));
  CHECK(atomic_file::create("/dev/full").message().find("'/dev/full' is a device") == 0);
  CHECK(std::filesystem::is_character_file("/dev/full"));
  CHECK(atomic_file::create(folder.path()).message().find("it is a folder: give a file") != std::string::npos);
}

TEST_CASE("A name as long as names can be leaves room for the temporary one") {
  const temporary_folder folder;
  const auto path = folder.file(std::string(255, 'n'));
  auto file = atomic_file::create(path);
  REQUIRE(file);
  REQUIRE(file->write("x"));
  REQUIRE(file->commit());
  CHECK(contents_of(path) == "x");
}

TEST_CASE("Space that cannot be reserved is an error that names the file and the remedy, and nothing stays") {
  const temporary_folder folder;
  const auto path = folder.file("a");
  {
    const file_size_limit limit(1000);
    const auto file = atomic_file::create(path, 2000);
    REQUIRE(!file);
    CHECK(file.message().find("cannot reserve 2000 bytes for '" + path + ".partial-") == 0);
    CHECK(file.message().find("ulimit -f") != std::string::npos);
  }
  CHECK(partial_files(folder).empty());
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
  CHECK(read.kind() == error_kind::data);
  CHECK(read.message().find("is cut off: it ends 5 bytes too early") != std::string::npos);
}
