#include "runtime/io/json_writer.hpp"
#include "tests/support/catch.hpp"

#include <cmath>
#include <limits>

using namespace syngrad;

TEST_CASE("JSON text escapes what JSON forbids and keeps what it allows") {
  CHECK(quote_json("plain") == "\"plain\"");
  CHECK(quote_json("a\"b\\c") == R"("a\"b\\c")");
  CHECK(quote_json("\n\r\t") == R"("\n\r\t")");
  CHECK(quote_json(std::string_view("\0\x1f", 2)) == R"("\u0000\u001f")");
  CHECK(quote_json("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80") == "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\"");
}

TEST_CASE("Bytes that are no UTF-8 become the replacement character") {
  CHECK(quote_json("a\xff"
                   "b") == R"("a\ufffdb")");
  CHECK(quote_json("\xc3") == R"("\ufffd")");                     // cut off
  CHECK(quote_json("\xc0\xaf") == R"("\ufffd\ufffd")");           // overlong
  CHECK(quote_json("\xed\xa0\x80") == R"("\ufffd\ufffd\ufffd")"); // a surrogate
}

TEST_CASE("Numbers are written with the digits that read back the same") {
  json_writer json(0);
  json.begin_array();
  json.number(0.1).number(1e300).number(-2.5).number(std::int64_t{-9007199254740993}).number(5.0);
  CHECK(json.end_array().str() == "[0.1,1e+300,-2.5,-9007199254740993,5]");
}

TEST_CASE("What JSON has no number for becomes null") {
  json_writer json(0);
  json.begin_array().number(std::nan("")).number(std::numeric_limits<double>::infinity());
  json.number(-std::numeric_limits<double>::infinity()).null().boolean(false);
  CHECK(json.end_array().str() == "[null,null,null,null,false]");
}

TEST_CASE("Objects and arrays nest, with commas and indentation where they belong") {
  json_writer json;
  json.begin_object().key("empty").begin_array().end_array().key("list").begin_array().number(std::int64_t{1});
  json.begin_object().key("x").text("y").end_object().end_array().end_object();
  CHECK(json.str() == "{\n  \"empty\": [],\n  \"list\": [\n    1,\n    {\n      \"x\": \"y\"\n    }\n  ]\n}");
}
