// The command line of `syngrad trace`: it opens the run, filters, formats, and ends with the command's own code.
#include "tests/runtime/io/temporary_folder.hpp"
#include "tests/support/catch.hpp"
#include "tests/trace/pipeline_trace.hpp"

#include "tools/subcommand.hpp"

#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

using namespace syngrad;
using namespace syngrad::test;
using namespace syngrad::tools;

namespace {

struct outcome {
  exit_code code;
  std::string out, err;
};

class redirected {
public:
  redirected(std::ostream& stream, std::ostream& to) : stream_(stream), before_(stream.rdbuf(to.rdbuf())) {}
  ~redirected() { stream_.rdbuf(before_); }
  redirected(const redirected&) = delete;
  redirected& operator=(const redirected&) = delete;

private:
  std::ostream& stream_;
  std::streambuf* before_;
};

outcome trace(const std::vector<std::string>& arguments) {
  std::ostringstream out, err;
  const redirected outs(std::cout, out), errs(std::cerr, err);
  const auto code = run_trace(arguments);
  return {code, out.str(), err.str()};
}

} // namespace

TEST_CASE("a filter on the command line narrows what a command looks at") {
  temporary_folder folder;
  pipeline_trace().builder.write(folder.path());
  const auto shown = trace({"show", folder.path(), "--where", "kind = send and type = gradient", "--format", "csv"});
  CHECK(shown.code == exit_code::done);
  CHECK(shown.out == "time_ns,kind,type,actor,peer,batch,version,value,interface,message,parent\n"
                     "350000,send,gradient,group 1,group 0,1,0,500,,0xb0000000001,0xa0000000001\n"
                     "750000,send,gradient,group 1,group 0,2,0,500,,0xb0000000002,0xa0000000002\n");
  CHECK(shown.err == "24 records, 0 lost\n");
  const auto queues = trace({"queue", folder.path(), "--actor", "1", "--format", "csv"});
  CHECK_THAT(queues.out, Catch::Contains("group 1,2,0.1,1,2000,50,0.1\n") && !Catch::Contains("group 0"));
}

TEST_CASE("csv is one table: the first one, or the one that --table names") {
  temporary_folder folder;
  pipeline_trace().builder.write(folder.path());
  const auto first = trace({"util", folder.path(), "--format", "csv"});
  CHECK_THAT(first.out, Catch::StartsWith("name,handled,busy,starved") && !Catch::Contains("worker"));
  CHECK_THAT(first.err, Catch::Contains("--table NAME another one: threads"));
  const auto named = trace({"util", folder.path(), "--format", "csv", "--table", "threads"});
  CHECK(named.out == "name,handled,busy,idle\nworker 0,6,0.74,0.26\nworker 1,2,0.4,0.6\n");
  CHECK(named.err == "24 records, 0 lost\n");
  const auto json = trace({"util", folder.path(), "--format", "json", "--table", "threads"});
  CHECK_THAT(json.out, Catch::Contains("\"threads\"") && !Catch::Contains("\"actors\"") &&
                         Catch::Contains("\"lost_records\": 0"));
  CHECK(json.err.empty());
  const auto wrong = trace({"util", folder.path(), "--table", "thread"});
  CHECK(wrong.code == exit_code::bad_usage);
  CHECK_THAT(wrong.err, Catch::Contains("did you mean threads?; there are: actors or threads"));
}

TEST_CASE("positions decide what a word is: a folder that is named like a format or a message changes nothing") {
  namespace fs = std::filesystem;
  temporary_folder folder;
  pipeline_trace().builder.write(folder.file("run"));
  const auto before = fs::current_path();
  fs::current_path(folder.path());
  for (const char* name : {"csv", "json", "1", "2", "0xa0000000001"}) fs::create_directory(name);
  const auto exported = trace({"export", "run", "csv"});
  const auto followed = trace({"follow", "run", "0xa0000000001"});
  const auto why = trace({"why", "run", "1", "1"});
  const auto more = trace({"util", "run", "csv"});
  const auto swapped = trace({"export", "json", "run"});
  const auto missing = trace({"export", "none", "csv"});
  fs::current_path(before);
  CHECK(exported.code == exit_code::done);
  CHECK(fs::exists(folder.file("run/trace.csv")));
  CHECK(followed.code == exit_code::done);
  CHECK(why.code == exit_code::done);
  CHECK(more.err == "syngrad trace util: unexpected argument 'csv'; usage: syngrad trace util RUN\n");
  CHECK_THAT(swapped.err, Catch::Contains("there is no trace in 'json'"));
  CHECK_THAT(missing.err, Catch::Contains("'none' is not a folder; usage: syngrad trace export RUN"));
}

TEST_CASE("--out takes the answer itself of a command that makes no file") {
  temporary_folder folder;
  pipeline_trace().builder.write(folder.file("run"));
  const auto written = trace({"util", folder.file("run"), "--format", "csv", "--out", folder.file("util.csv")});
  CHECK(written.code == exit_code::done);
  CHECK(written.out.empty());
  std::ifstream file(folder.file("util.csv"));
  std::string line;
  std::getline(file, line);
  CHECK(line == "name,handled,busy,starved,blocked,ready,idle");
  const auto full = trace({"util", folder.file("run"), "--out", "/dev/full"});
  CHECK(full.code == exit_code::failed);
  CHECK_THAT(full.err, Catch::StartsWith("syngrad trace util: cannot write '/dev/full': No space left on device"));
}

TEST_CASE("check ends with 1 on damage and names it, other commands warn and go on") {
  temporary_folder folder;
  pipeline_trace().builder.write(folder.path());
  CHECK(trace({"check", folder.path()}).code == exit_code::done);
  std::ofstream(folder.file("node0-000000.trace"), std::ios::app | std::ios::binary) << "torn";
  const auto checked = trace({"check", folder.path()});
  CHECK(checked.code == exit_code::failed);
  CHECK_THAT(checked.out, Catch::Contains("torn at its end"));
  const auto other = trace({"util", folder.path()});
  CHECK(other.code == exit_code::done);
  CHECK_THAT(other.err, Catch::Contains("warning") && Catch::Contains("torn at its end, 4 bytes"));
}

TEST_CASE("what cannot be meant is refused with 2 and a remedy") {
  temporary_folder folder;
  pipeline_trace().builder.write(folder.path());
  const auto refused = [&](const std::vector<std::string>& arguments) {
    const auto outcome = trace(arguments);
    CHECK(outcome.code == exit_code::bad_usage);
    CHECK(outcome.out.empty());
    return outcome.err;
  };
  CHECK_THAT(refused({"utli", folder.path()}), Catch::Contains("did you mean util"));
  CHECK_THAT(refused({"show", folder.path(), "--where", "bytes >"}), Catch::Contains("--where: column 8: expected"));
  CHECK_THAT(refused({"follow", folder.path()}), Catch::Contains("--batch N"));
  CHECK_THAT(refused({"follow", folder.path(), "0x5"}), Catch::Contains("there is no message 0x5"));
}
