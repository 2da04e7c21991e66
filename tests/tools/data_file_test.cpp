#include "runtime/data/data_source.hpp"
#include "tests/runtime/io/temporary_folder.hpp"
#include "tests/support/catch.hpp"
#include "tools/run_folder/data_file.hpp"

#include <fstream>

using namespace syngrad;
using namespace syngrad::tools;

namespace {

struct written_folder : test::temporary_folder {
  std::string write(const std::string& name, const std::string& content) const {
    std::ofstream(file(name), std::ios::binary) << content;
    return file(name);
  }
};

// What is read of the file that is written of it.
data_facts written_and_read(const data_facts& facts) {
  const written_folder folder;
  auto read = read_data_file(folder.write("data.json", format_data_file(facts)));
  REQUIRE(read);
  return std::move(*read);
}

data_facts facts_of_file(const std::string& kind, const std::string& file) {
  const auto source = kind + ":" + file;
  const auto data = open_dataset(source, {});
  REQUIRE(data);
  return data_facts_of(source, *data);
}

} // namespace

TEST_CASE("the vocabulary of a text is read as it was written, whatever its characters") {
  const written_folder folder;
  std::string text("a\0b\n\"\\/\x7f", 8);
  text += "na\xc3\xafve \xe6\x97\xa5 \xf0\x9f\x98\x80";
  const auto read = written_and_read(facts_of_file("text", folder.write("a.txt", text)));
  CHECK(read.source == "text:" + folder.file("a.txt"));
  REQUIRE(read.tokens);
  CHECK(read.tokens->what() == vocabulary::kind::characters);
  CHECK(read.tokens->size() == 15);
  CHECK(read.tokens->decode(read.tokens->encode(text).value()) == text);
  CHECK(read.features.empty());
  CHECK(read.class_names.empty());
}

TEST_CASE("vocabularies of bytes and of numbers are read as they were written") {
  const auto bytes = written_and_read({.source = "bytes:a", .tokens = vocabulary::of_bytes()});
  CHECK(bytes.tokens.value().what() == vocabulary::kind::bytes);
  CHECK(bytes.tokens->size() == 256);
  const auto numbers = written_and_read({.source = "tokens:a", .tokens = vocabulary::of_numbers(50257)});
  CHECK(numbers.tokens.value().what() == vocabulary::kind::numbers);
  CHECK(numbers.tokens->size() == 50257);
}

TEST_CASE("class names and the scaling of a table's features are read to the bit") {
  const written_folder folder;
  const auto file = folder.write("a.csv", "width,height,kind\n1,10,cat\n2,10,dog\n4,10,\"a \"\"b\"\"\"\n7,10,cat\n");
  const auto facts = facts_of_file("csv", file);
  const auto read = written_and_read(facts);
  CHECK(read.class_names == std::vector<std::string>{"a \"b\"", "cat", "dog"});
  REQUIRE(read.features.size() == 2);
  CHECK(read.features == facts.features);
  CHECK(read.features[0].name == "width");
  CHECK(read.features[1].name == "height");
  CHECK(read.features[1].mean == 10);
  CHECK(read.features[1].factor == 0);
  CHECK(!read.tokens);
  CHECK(read.factor == 1);
}

TEST_CASE("a table without a header has features without names") {
  const written_folder folder;
  const auto read = written_and_read(facts_of_file("csv", folder.write("a.csv", "1,0\n2,1\n4,0\n7,1\n")));
  REQUIRE(read.features.size() == 1);
  CHECK(read.features[0].name.empty());
  CHECK(read.features[0].factor > 0);
}

TEST_CASE("names that are no UTF-8 are read to the byte") {
  const std::string latin = "b\xe4r", cut = "\xe6\x97", umlaut = "b\xc3\xa4r";
  const auto read = written_and_read(
    {.source = "images:" + latin, .class_names = {latin, "cat", umlaut, cut}, .features = {{.name = latin}}});
  CHECK(read.source == "images:" + latin);
  CHECK(read.class_names == std::vector<std::string>{latin, "cat", umlaut, cut});
  REQUIRE(read.features.size() == 1);
  CHECK(read.features[0].name == latin);
}

TEST_CASE("what images are multiplied by is kept") {
  CHECK(written_and_read(data_facts_of("digits", open_dataset("digits", {}).value())).factor == 1.0f / 255.0f);
}

TEST_CASE("a file that no run has written is refused with its name") {
  const written_folder folder;
  const auto whole = format_data_file({.source = "text:a", .tokens = vocabulary::of_characters("abc").value()});
  const auto with = [&](const std::string& part, const std::string& instead) {
    auto text = whole;
    const auto at = text.find(part);
    REQUIRE(at != std::string::npos);
    return text.replace(at, part.size(), instead);
  };
  for (const auto& text :
       {std::string(), std::string("[]"), whole.substr(0, whole.size() / 2), with("\"size\": 3", "\"size\": 4"),
        with("\"size\": 3", "\"size\": \"3\""), with("abc", "aba"), with("characters", "words"),
        with("\"data\"", "\"date\""), with("\"text:a\"", "[116, 256]"),
        format_data_file({.source = "tokens:a", .tokens = vocabulary::of_numbers(0)})}) {
    const auto file = folder.write("data.json", text);
    INFO(text);
    const auto read = read_data_file(file);
    REQUIRE(!read);
    INFO(read.message());
    CHECK(read.message().find(file + ": it is not what a run has written (") == 0);
    CHECK(read.message().find("repeat the run") != std::string::npos);
    CHECK(read.message().find('\n') == std::string::npos);
  }
  const auto missing = read_data_file(folder.file("none.json"));
  REQUIRE(!missing);
  CHECK(missing.message().find("none.json") != std::string::npos);
}
