// Text from every sort of editor.
#include "runtime/io/text_file.hpp"
#include "tests/runtime/io/temporary_folder.hpp"
#include "tests/support/catch.hpp"

#include <fstream>

using namespace syngrad;
using namespace std::string_view_literals;
using syngrad::test::temporary_folder;

namespace {

result<std::string> read_back(std::string_view bytes) {
  const temporary_folder folder;
  std::ofstream(folder.file("a"), std::ios::binary) << bytes;
  return read_text_file(folder.file("a"), 1 << 20);
}

std::string unified(std::initializer_list<std::string> pieces) {
  line_ends ends;
  std::string all;
  for (auto piece : pieces) {
    piece.resize(ends.unify(piece.data(), piece.size()));
    all += piece;
  }
  return all;
}

} // namespace

TEST_CASE("A text is the same whatever the editor put before it and at the ends of its lines") {
  for (const auto bytes : {"a = 1\n\nb = 2\n"sv, "a = 1\r\n\r\nb = 2\r\n"sv, "a = 1\r\rb = 2\r"sv,
                           "\xef\xbb\xbf"
                           "a = 1\r\n\r\nb = 2\r\n"sv})
    CHECK(*read_back(bytes) == "a = 1\n\nb = 2\n");
  CHECK(*read_back("") == "");
  CHECK(*read_back("\xef\xbb\xbf") == "");
  CHECK(*read_back("\xe9t\xe9\n") == "\xe9t\xe9\n");     // Latin-1 stays as it is
  CHECK(*read_back("a\xef\xbb\xbf") == "a\xef\xbb\xbf"); // a mark elsewhere is no mark
}

TEST_CASE("UTF-16 and UTF-32 are refused by name, with their marks and, of UTF-16, without") {
  const auto says = [](std::string_view bytes, const char* what) {
    const auto read = read_back(bytes);
    REQUIRE(!read);
    CHECK(read.kind() == error_kind::data);
    CHECK_THAT(read.message(), Catch::Contains(what));
  };
  says("\xff\xfe"
       "a\0\n\0"sv,
       "is UTF-16 text");
  says("\xfe\xff\0a\0\n"sv, "iconv -f UTF-16 -t UTF-8");
  says("a\0=\0"sv, "is UTF-16 text");
  says("\0a\0="sv, "is UTF-16 text");
  says("\xff\xfe\0\0a\0\0\0"sv, "is UTF-32 text");
  says("\0\0\xfe\xff\0\0\0a"sv, "is UTF-32 text");
}

TEST_CASE("What is no text is said to be none, at its begin and far in") {
  CHECK_THAT(read_back("\x1f\0\0\0\x7f"sv).message(), Catch::Contains("is no text: it holds a NUL byte"));
  CHECK_THAT(read_back(std::string(100'000, 'x') + '\0').message(), Catch::Contains("is no text"));
  CHECK_THAT(read_back(std::string((1 << 20) + 1, 'x')).message(), Catch::Contains("has more than 1.0 MiB"));
  CHECK_THAT(read_text_file("/dev/zero", 1 << 20).message(), Catch::Contains("has more than 1.0 MiB"));
  CHECK_THAT(read_text_file("/tmp").message(), Catch::Contains("it is a folder: give a file"));
}

TEST_CASE("Line ends are unified across the borders of pieces") {
  CHECK(unified({"a\r", "\nb\r", "c\n", "\n", "\r", "\r", "\n"}) == "a\nb\nc\n\n\n\n");
  CHECK(unified({"\r\n\r\n"}) == "\n\n");
  CHECK(unified({"\n\r"}) == "\n\n");
  CHECK(unified({"plain"}) == "plain");
}

TEST_CASE("What cannot be seen in a text is written out in messages, and what can be is left alone") {
  CHECK(visible("steps") == "steps");
  CHECK(visible("Grün 5 ✓") == "Grün 5 ✓");
  CHECK(visible("\xef\xbb\xbfsteps") == "\\u{FEFF}steps");
  CHECK(visible("5\xc2\xa0") == "5\\u{00A0}");
  CHECK(visible("a\tb\r\x1b[1m") == "a\\u{0009}b\\u{000D}\\u{001B}[1m");
  CHECK(visible("\xe2\x80\x8bz") == "\\u{200B}z");
  CHECK(visible("\xff\xc3") == "\\xFF\\xC3");
  CHECK(visible("\xf0\x9f\x98\x80") == "\xf0\x9f\x98\x80");
}
