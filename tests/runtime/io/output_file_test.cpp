// Paths that users name: every sort of thing that may stand there.
#include "runtime/io/output_file.hpp"
#include "tests/runtime/io/temporary_folder.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/file_contents.hpp"

#include <array>
#include <fcntl.h>
#include <fstream>
#include <future>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

using namespace syngrad;
using syngrad::test::contents_of;
using syngrad::test::temporary_folder;

namespace {

// A device that is always full, of the test's own where it can make one: the machine's would not survive a mistake.
std::string full_device(const temporary_folder& folder) {
  const auto own = folder.file("full");
  if (::mknod(own.c_str(), S_IFCHR | 0600, makedev(1, 7)) == 0 && std::ofstream(own).is_open()) return own;
  return "/dev/full";
}

// A descriptor that the program could have been started with.
class given_descriptor {
public:
  explicit given_descriptor(const std::string& path, int flags) : number(::open(path.c_str(), flags, 0600)) {}
  ~given_descriptor() { ::close(number); }
  const int number;
};

status write_to(const std::string& path, const std::string& text) {
  auto file = output_file::create(path);
  if (!file) return file.failure();
  file->write(text);
  return file->commit();
}

} // namespace

TEST_CASE("An output file that is a regular one is replaced whole, and stays as it was until then") {
  const temporary_folder folder;
  const auto path = folder.file("a");
  std::ofstream(path) << "old";
  auto file = output_file::create(path, 5000);
  REQUIRE(file);
  CHECK(!file->is_standard_output());
  file->write(std::string(3 << 20, 'x')); // more than one piece
  CHECK(contents_of(path) == "old");
  REQUIRE(file->commit());
  CHECK(contents_of(path) == std::string(3 << 20, 'x'));
  CHECK(file->bytes() == 3 << 20);
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
}

TEST_CASE("A device is written straight into and stays a device; its failure is told when the file is complete") {
  const temporary_folder folder;
  const auto device = full_device(folder);
  const auto full = write_to(device, "x");
  REQUIRE(!full);
  CHECK(full.message().find("cannot write '" + device + "': No space left on device") == 0);
  CHECK(std::filesystem::is_character_file(device));
  std::filesystem::create_symlink(device, folder.file("link"));
  CHECK(!write_to(folder.file("link"), "x"));
  CHECK(std::filesystem::is_symlink(folder.file("link")));
  CHECK(std::filesystem::is_character_file(device));
  CHECK(write_to("/dev/null", "x"));
}

TEST_CASE("A failure in a piece is kept, and nothing more is written") {
  const temporary_folder folder;
  auto file = output_file::create(full_device(folder));
  REQUIRE(file);
  file->write(std::string(2 << 20, 'x'));
  CHECK(file->failed());
  file->write("x");
  CHECK(!file->commit());
}

TEST_CASE("A FIFO gets the bytes, and its reader the end; it stays a FIFO, over a link too") {
  const temporary_folder folder;
  const auto fifo = folder.file("fifo"), link = folder.file("link");
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  std::filesystem::create_symlink("fifo", link);
  for (const auto& path : {fifo, link}) {
    auto reader = std::async(std::launch::async, [&] { return contents_of(fifo); });
    CHECK(write_to(path, "hello"));
    CHECK(reader.get() == "hello");
    CHECK(std::filesystem::is_fifo(fifo));
    CHECK(std::filesystem::is_symlink(link));
  }
}

TEST_CASE("A descriptor that the process was given is written to at its offset, by each of its names") {
  const temporary_folder folder;
  const auto path = folder.file("log");
  std::ofstream(path) << "before ";
  const given_descriptor log(path, O_WRONLY | O_APPEND);
  const auto number = std::to_string(log.number);
  const auto inode = [&] {
    struct stat about {};
    ::stat(path.c_str(), &about);
    return about.st_ino;
  };
  const auto first = inode();
  for (const std::string& name :
       {"/dev/fd/" + number, "/proc/self/fd/" + number, "/proc/" + std::to_string(::getpid()) + "/fd/" + number}) {
    CHECK(write_to(name, "x"));
    CHECK(inode() == first);
  }
  CHECK(contents_of(path) == "before xxx");
}

TEST_CASE("The standard output has its names, '-' among them") {
  const temporary_folder folder;
  const auto path = folder.file("out");
  const given_descriptor out(path, O_WRONLY | O_CREAT);
  const int before = ::dup(STDOUT_FILENO);
  REQUIRE(::dup2(out.number, STDOUT_FILENO) == STDOUT_FILENO);
  std::vector<std::string> failures;
  for (const char* name : {"-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"}) {
    auto file = output_file::create(name);
    if (!file || !file->is_standard_output()) failures.emplace_back(name);
    if (!file) continue;
    file->write(std::string(name) + "\n");
    if (!file->commit()) failures.emplace_back(name);
  }
  ::dup2(before, STDOUT_FILENO);
  ::close(before);
  CHECK(failures.empty());
  CHECK(contents_of(path) == "-\n/dev/stdout\n/dev/fd/1\n/proc/self/fd/1\n");
  CHECK(!std::filesystem::exists("-"));
}

TEST_CASE("A descriptor of ours, of nobody, or for reading only is not written to") {
  const temporary_folder folder;
  const auto path = folder.file("ours");
  std::ofstream(path) << "ours";
  const given_descriptor ours(path, O_WRONLY | O_CLOEXEC), read_only(path, O_RDONLY);
  for (const auto number : {ours.number, read_only.number, 987}) {
    const auto name = "/dev/fd/" + std::to_string(number);
    CHECK(output_file::create(name).message() == "cannot write to '" + name + "': Bad file descriptor");
  }
  CHECK(contents_of(path) == "ours");
}

TEST_CASE("What cannot be written is refused before any work, with the reason") {
  const temporary_folder folder;
  CHECK(output_file::create(folder.path()).message().find("it is a folder: give a file") != std::string::npos);
  CHECK(output_file::create(folder.file("no/a")).message().find("No such file or directory") != std::string::npos);
  CHECK(output_file::create("").message().find("name a file") != std::string::npos);
  if (::geteuid() == 0) return; // root may write what is read-only
  const auto path = folder.file("read-only");
  std::ofstream(path) << "old";
  std::filesystem::permissions(path, std::filesystem::perms(0444));
  CHECK(output_file::create(path).message().find("Permission denied") != std::string::npos);
  CHECK(contents_of(path) == "old");
}
