#include "tests/runtime/io/temporary_folder.hpp"
#include "tests/support/catch.hpp"
#include "tools/command_line/option_reader.hpp"

#include <fstream>

using namespace syngrad;
using namespace syngrad::tools;

namespace {

struct sample_options {
  std::int64_t steps = 100;
  std::optional<double> epochs;
  double rate = 0.5;
  std::string policy = "locked";
  std::string config;
  bool fast = false;

  option_reader reader() {
    return option_reader({{"All",
                           {whole_number("steps", steps, 1, std::numeric_limits<std::int64_t>::max(), "How many steps"),
                            optional_real("epochs", "N", epochs, {0, 1e9, true}, "Passes"),
                            real_number("rate", "R", rate, {0, 1, true, true}, "A rate"),
                            choice("policy", policy, {"locked", "synthetic"}, "A policy"),
                            text("config", "FILE", config, "A file"), flag("fast", fast, "Be fast")}}},
                         {{"steps", "epochs"}});
  }
};

std::string mistake(std::vector<std::string> arguments) {
  sample_options options;
  const auto read = options.reader().read(arguments);
  return read ? "" : read.message();
}

std::string write_config(const test::temporary_folder& folder, const std::string& text) {
  const auto path = folder.file("c.ini");
  std::ofstream(path) << text;
  return path;
}

} // namespace

TEST_CASE("Options are read from the command line in both spellings") {
  sample_options options;
  const std::vector<std::string> arguments{"--steps", "7", "--rate=0.25", "--fast", "--policy", "synthetic"};
  auto reader = options.reader();
  REQUIRE(reader.read(arguments));
  CHECK(options.steps == 7);
  CHECK(options.rate == 0.25);
  CHECK(options.fast);
  CHECK(options.policy == "synthetic");
  CHECK(reader.given("fast"));
  CHECK(!reader.given("epochs"));
}

TEST_CASE("A mistake on the command line is one line that names the option, what was expected and what was got") {
  CHECK(mistake({"--steps", "0"}) == "--steps: expected a whole number of at least 1, got '0'");
  CHECK(mistake({"--steps", "7x"}) == "--steps: expected a whole number of at least 1, got '7x'");
  CHECK(mistake({"--steps", "-1"}) == "--steps: expected a whole number of at least 1, got '-1'");
  CHECK(mistake({"--steps", "99999999999999999999"}).find("--steps: expected") == 0);
  CHECK(mistake({"--rate", "1"}) == "--rate: expected a number above 0 and below 1, got '1'");
  CHECK(mistake({"--rate", "nan"}).find("--rate: expected") == 0);
  CHECK(mistake({"--policy", "sinthetic"}) ==
        "--policy: expected locked or synthetic, got 'sinthetic': did you mean synthetic?");
  CHECK(mistake({"--fast=maybe"}) == "--fast: expected true or false, got 'maybe'");
  CHECK(mistake({"--stpes", "7"}) == "unknown option --stpes: did you mean --steps?");
  CHECK(mistake({"--step", "7"}) == "unknown option --step: did you mean --steps?");
  CHECK(mistake({"--bogus-option=7"}) == "unknown option --bogus-option");
  CHECK(mistake({"--steps"}) == "--steps needs a value; write --steps VALUE");
  CHECK(mistake({"--steps="}) == "--steps needs a value; write --steps VALUE");
  CHECK(mistake({"steps"}) == "unexpected argument 'steps': did you mean --steps?; options are written --NAME VALUE");
  CHECK(mistake({"--steps", "1", "--steps", "2"}) == "--steps is given more than once; give it once");
  CHECK(mistake({"--steps", "1", "--epochs", "2"}) == "--steps and --epochs exclude each other; give one of them");
}

TEST_CASE("The command line wins over the file") {
  const test::temporary_folder folder;
  const auto path = write_config(folder, "# a comment\nsteps = 5\nrate = 0.125\nfast = true\n");
  sample_options options;
  REQUIRE(options.reader().read(std::vector<std::string>{"--steps", "9", "--config", path}));
  CHECK(options.steps == 9);
  CHECK(options.rate == 0.125);
  CHECK(options.fast);
}

TEST_CASE("One of two exclusive options on the command line replaces the other in the file") {
  const test::temporary_folder folder;
  const auto path = write_config(folder, "steps = 5\n");
  sample_options options;
  auto reader = options.reader();
  REQUIRE(reader.read(std::vector<std::string>{"--config", path, "--epochs", "2"}));
  CHECK(options.epochs == 2.0);
  CHECK(!reader.given("steps"));
}

TEST_CASE("A mistake in the file is named with file and line") {
  const test::temporary_folder folder;
  const auto refuse = [&](const std::string& text) {
    const auto path = write_config(folder, text);
    const auto message = mistake({"--config", path});
    REQUIRE(message.find(path) == 0);
    return message.substr(path.size());
  };
  CHECK(refuse("\nstpes = 5\n") == ":2: unknown option 'stpes': did you mean steps?");
  CHECK(refuse("rate = 0.5\n\n steps=many\n") == ":3: steps: expected a whole number of at least 1, got 'many'");
  CHECK(refuse("rate = 0.5\nnonsense\n") == ":2: expected 'NAME = VALUE', got 'nonsense'");
  CHECK(refuse("steps = 1\nepochs = 2\n") == ":1: steps and epochs exclude each other; give one of them");
  CHECK(refuse("steps = 1\nsteps = 2\n") == ":1: steps is set more than once; set it once");
  CHECK(refuse("config = other\n") == ":1: config: a file cannot name another one; leave it out");
}

TEST_CASE("A file that cannot be read is named") {
  CHECK(mistake({"--config", "/no/such.ini"}) ==
        "--config: cannot open '/no/such.ini': No such file or directory; check the path");
  CHECK(mistake({"--config", "/tmp"}) == "--config: cannot read '/tmp': Is a directory; it is a folder: give a file");
}

TEST_CASE("A file reads the same from every editor: with a byte-order mark, with CR LF, with CR alone") {
  const test::temporary_folder folder;
  for (const std::string text :
       {"\xef\xbb\xbfsteps = 5\r\n# note\r\npolicy = synthetic\r\n", "steps = 5\r# note\rpolicy = synthetic\r",
        "\xef\xbb\xbfsteps = 5\npolicy=synthetic"}) {
    sample_options options;
    const auto read = options.reader().read(std::vector<std::string>{"--config", write_config(folder, text)});
    REQUIRE(read);
    CHECK(options.steps == 5);
    CHECK(options.policy == "synthetic");
  }
  const auto path = write_config(folder, "rate = 0.5\r\n\r\nstpes = 5\r\n");
  CHECK(mistake({"--config", path}) == path + ":3: unknown option 'stpes': did you mean steps?");
}

TEST_CASE("A file that is no such text says what it is, and what cannot be seen in it is shown") {
  const test::temporary_folder folder;
  const auto refuse = [&](const std::string& text) { return mistake({"--config", write_config(folder, text)}); };
  using namespace std::string_literals;
  CHECK(refuse("\xff\xfes\0t\0"s).find("is UTF-16 text") != std::string::npos);
  CHECK(refuse("s\0t\0e\0p\0s\0"s).find("is UTF-16 text") != std::string::npos);
  CHECK(refuse("steps = 5\0\n"s).find("is no text") != std::string::npos);
  CHECK(refuse("\xc2\xa0steps = 5\n").find(":1: unknown option '\\u{00A0}steps': did you mean steps?") !=
        std::string::npos);
  CHECK(refuse("steps = 5\xe2\x80\x8b\n").find("got '5\\u{200B}'") != std::string::npos);
}

TEST_CASE("The help text shows arguments and defaults, and wraps") {
  sample_options options;
  const auto help = format_option_help(options.reader().groups(), 60);
  CHECK(help.find("  --steps N             How many steps [100]\n") != std::string::npos);
  CHECK(help.find("  --fast                Be fast\n") != std::string::npos);
  CHECK(help.find("  --policy locked|synthetic\n                        A policy [locked]\n") != std::string::npos);
}

TEST_CASE("Numbers are formatted with the digits that read back the same") {
  CHECK(format_real(0.1f) == "0.1");
  CHECK(format_real(1e-3f) == "0.001");
  CHECK(format_real(1.0 / 3) == "0.3333333333333333");
  CHECK(parse_real(format_real(1.0 / 3)) == 1.0 / 3);
  CHECK(!parse_real("inf"));
  CHECK(!parse_whole("1.5"));
}
