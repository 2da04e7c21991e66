#include "runtime/data/text_source.hpp"

#include "runtime/data/data_source.hpp"
#include "tests/runtime/data/temporary_folder.hpp"

#include <cstring>
#include <numeric>

using namespace syngrad;

namespace {

std::vector<std::int32_t> tokens_of(const token_text& text) {
  std::vector<std::int32_t> out(static_cast<std::size_t>(text.size()));
  text.copy(0, out);
  return out;
}

template <class Word>
std::string bytes_of(const std::vector<Word>& words) {
  return {reinterpret_cast<const char*>(words.data()), words.size() * sizeof(Word)};
}

// 0, 1, 2, ...
std::vector<std::uint16_t> counted(std::size_t count, std::uint16_t first = 0) {
  std::vector<std::uint16_t> out(count);
  std::iota(out.begin(), out.end(), first);
  return out;
}

// As llm.c writes a file.
std::string with_header(const std::vector<std::uint16_t>& tokens, std::int32_t magic = 20240520,
                        std::int32_t version = 1) {
  std::vector<std::int32_t> header(256);
  header[0] = magic;
  header[1] = version;
  header[2] = static_cast<std::int32_t>(tokens.size());
  return bytes_of(header) + bytes_of(tokens);
}

} // namespace

TEST_CASE("a text is cut by position, and its vocabulary are its characters in their order") {
  const temporary_folder folder;
  const std::string text = "na\xc3\xafve \xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x98\x80!\n"; // 12 characters
  const auto data = load_text(folder.write("a.txt", text), 0.25);
  REQUIRE(data);
  REQUIRE(data->tokens);
  CHECK(data->tokens->what() == vocabulary::kind::characters);
  CHECK(data->tokens->characters() == "\n !aenv\xc3\xaf\xe6\x97\xa5\xe6\x9c\xac\xf0\x9f\x98\x80");
  CHECK(data->tokens->size() == 11);
  CHECK(data->input.categories == 11);
  CHECK(data->target.categories == 11);
  CHECK(data->train.text.size() == 9);
  CHECK(data->test.text.size() == 3);
  CHECK(tokens_of(data->train.text) == std::vector<std::int32_t>{5, 3, 7, 6, 4, 1, 8, 9, 1});
  CHECK(data->tokens->decode(tokens_of(data->train.text)) + data->tokens->decode(tokens_of(data->test.text)) == text);
  CHECK(data->tokens->encode(text)->size() == 12);
}

TEST_CASE("a gzipped text and one with a byte-order mark are the text") {
  const temporary_folder folder;
  const std::string text = "to be or not to be";
  const auto plain = load_text(folder.write("a.txt", text), 0.1);
  for (const auto& file : {folder.write_gzip("a.gz", text), folder.write("b.txt", "\xef\xbb\xbf" + text)}) {
    const auto same = load_text(file, 0.1);
    REQUIRE(same);
    CHECK(same->tokens->characters() == plain->tokens->characters());
    CHECK(tokens_of(same->train.text) == tokens_of(plain->train.text));
  }
}

TEST_CASE("a vocabulary encodes what it has and says where it has none") {
  const auto known = vocabulary::of_characters("ab\xc3\xa4");
  REQUIRE(known);
  CHECK(*known->encode("b\xc3\xa4"
                       "a") == std::vector<std::int32_t>{1, 2, 0});
  require_message(known->encode("abxa"), {"'x'", "at byte 2", "vocabulary of 3"});
  require_message(known->encode("a\xff"), {"byte 1", "UTF-8"});
  require_message(vocabulary::of_characters("aba"), {"'a'", "twice"});
  require_message(vocabulary::of_characters("a\x80"), {"byte 1", "UTF-8"});
  CHECK(*vocabulary::of_bytes().encode("\xff"
                                       "a") == std::vector<std::int32_t>{255, 97});
  CHECK(vocabulary::of_bytes().decode(std::vector<std::int32_t>{104, 105}) == "hi");
  CHECK(vocabulary::of_numbers(9).decode(std::vector<std::int32_t>{8, 0}) == "8 0");
  CHECK(*vocabulary::of_numbers(9).encode(" 8  0 ") == std::vector<std::int32_t>{8, 0});
  for (const auto* no_token : {"9", "-1", "a", "1,2", "99999999999"})
    require_message(vocabulary::of_numbers(9).encode(std::string("3 ") + no_token), {no_token, "from 0 to 8"});
}

TEST_CASE("what is no UTF-8 is refused where it begins") {
  const auto refused = [](const std::string& bytes) {
    std::size_t at = 0;
    return !next_character(bytes, at) && at == 0;
  };
  // A continuation alone, a cut character, longer forms than needed, a surrogate, beyond the last character.
  for (const auto* bytes : {"\x80", "\xc3", "\xe6\x97", "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf",
                            "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "\xc3("})
    CHECK(refused(bytes));
  CHECK(refused(""));
  for (const char32_t character : {U'a', U'\u00e4', U'\u65e5', U'\U0001f600', U'\U0010ffff'}) {
    const std::vector<std::pair<char32_t, std::string>> written{{U'a', "a"},
                                                                {U'\u00e4', "\xc3\xa4"},
                                                                {U'\u65e5', "\xe6\x97\xa5"},
                                                                {U'\U0001f600', "\xf0\x9f\x98\x80"},
                                                                {U'\U0010ffff', "\xf4\x8f\xbf\xbf"}};
    for (const auto& [expected, bytes] : written) {
      std::size_t at = 0;
      if (expected == character) CHECK(next_character(bytes, at) == character);
      if (expected == character) CHECK(at == bytes.size());
    }
  }
  const temporary_folder folder;
  const auto file = folder.write("a.txt", "ab\xff");
  require_message(load_text(file, 0.1), {file, "byte 2 is no UTF-8", "bytes:" + file});
}

TEST_CASE("the bytes of a file are tokens below 256") {
  const temporary_folder folder;
  std::string content(1000, 'x');
  for (std::size_t i = 0; i < content.size(); ++i) content[i] = static_cast<char>(i % 256);
  const auto data = load_bytes(folder.write("a.bin", content), 0.1);
  REQUIRE(data);
  CHECK(data->tokens->what() == vocabulary::kind::bytes);
  CHECK(data->input.categories == 256);
  CHECK(data->train.text.size() == 900);
  CHECK(tokens_of(data->test.text)[0] == 900 % 256);
  CHECK(data->tokens->decode(tokens_of(data->train.text)) == content.substr(0, 900));
  const auto packed = folder.write_gzip("a.gz", content);
  require_message(load_bytes(packed, 0.1), {packed, "gzip", "unpack"});
}

TEST_CASE("token files of nanoGPT and llm.c are found and read, shards in the order of their names") {
  const temporary_folder folder;
  const auto train = counted(100), test = counted(20, 80);
  SECTION("nanoGPT") {
    folder.write("train.bin", bytes_of(train));
    folder.write("val.bin", bytes_of(test));
  }
  SECTION("llm.c") {
    folder.write("tiny_shakespeare_train.bin", with_header(train));
    folder.write("tiny_shakespeare_val.bin", with_header(test));
    folder.write("tiny_shakespeare_train.txt", "another file");
  }
  SECTION("shards") {
    folder.write("fineweb_train_000002.bin", with_header(counted(60, 40)));
    folder.write("fineweb_train_000001.bin", with_header(counted(40)));
    folder.write("fineweb_val_000000.bin", with_header(test));
  }
  const auto data = load_tokens(folder.path(), std::nullopt);
  REQUIRE(data);
  CHECK(data->input.categories == 100);
  CHECK(tokens_of(data->train.text) == std::vector<std::int32_t>(train.begin(), train.end()));
  CHECK(tokens_of(data->test.text) == std::vector<std::int32_t>(test.begin(), test.end()));
  CHECK(data->notes.size() == 1);
  const auto more = load_tokens(folder.path(), 300);
  REQUIRE(more);
  CHECK(more->input.categories == 300);
  CHECK(more->notes.empty());
}

TEST_CASE("a window across shards is a window") {
  const temporary_folder folder;
  folder.write("a_train_1.bin", bytes_of(counted(5)));
  folder.write("a_train_2.bin", bytes_of(counted(2, 5)));
  folder.write("a_train_3.bin", bytes_of(counted(9, 7)));
  folder.write("val.bin", bytes_of(counted(9)));
  auto data = load_tokens(folder.path(), std::nullopt);
  REQUIRE(data);
  REQUIRE(cut_windows(*data, 4));
  CHECK(data->input.extents == shape{4});
  CHECK(data->train.count == 3);
  std::vector<std::int32_t> inputs(8), targets(8);
  copy_windows(data->train, 16, std::vector<std::int64_t>{3, 11}, inputs, targets);
  CHECK(inputs == std::vector<std::int32_t>{3, 4, 5, 6, 11, 12, 13, 14});
  CHECK(targets == std::vector<std::int32_t>{4, 5, 6, 7, 12, 13, 14, 15});
  CHECK(data->train.text.place(6) == folder.path("a_train_2.bin") + ": token 1");
  CHECK(data->train.text.part(4, 6).place(1) == folder.path("a_train_2.bin") + ": token 0");
  CHECK(tokens_of(data->train.text.part(4, 6)) == std::vector<std::int32_t>{4, 5, 6, 7, 8, 9});
}

TEST_CASE("damaged token files are refused with their place and a remedy") {
  const temporary_folder folder;
  require_message(load_tokens(folder.path("none"), {}), {folder.path("none"), "no such folder"});
  require_message(load_tokens(folder.path(), {}), {folder.path("train.bin"), "no such file", "NAME_train.bin"});
  const auto train = folder.write("train.bin", bytes_of(counted(100)));
  require_message(load_tokens(folder.path(), {}), {folder.path("val.bin"), "no such file"});
  folder.write("val.bin", bytes_of(counted(20)));
  REQUIRE(load_tokens(folder.path(), {}));
  require_message(load_tokens(folder.path(), 99), {train + ": token 99 is 99", "vocabulary of 99", "--vocabulary"});

  folder.cut("train.bin", 1);
  require_message(load_tokens(folder.path(), {}), {train, "199 bytes", "16-bit"});
  folder.write("train.bin", with_header(counted(100)));
  folder.cut("train.bin", 2);
  require_message(load_tokens(folder.path(), {}), {train, "promises 100 tokens", "has 198 bytes"});
  folder.write("train.bin", with_header(counted(100)).substr(0, 500));
  require_message(load_tokens(folder.path(), {}), {train, "promises 100 tokens", "has 0 bytes"});
  folder.write("train.bin", with_header(counted(100), 20240520, 2));
  require_message(load_tokens(folder.path(), {}), {train, "version 2"});
  folder.write("train.bin", with_header(counted(100), 20240801, 7));
  require_message(load_tokens(folder.path(), {}), {train, "32-bit"});
  folder.write("train.bin", "");
  require_message(load_tokens(folder.path(), {}), {train, "empty"});
}

TEST_CASE("a token beyond the vocabulary is found when a window has it, and named") {
  sample_set samples;
  samples.text = token_text::of({1, 2, 3, 70, 5, 6}, "file");
  samples.window = 2;
  std::vector<std::int32_t> inputs(2), targets(2);
  CHECK_NOTHROW(copy_windows(samples, 70, std::vector<std::int64_t>{0}, inputs, targets));
  CHECK_THROWS_WITH(copy_windows(samples, 70, std::vector<std::int64_t>{1}, inputs, targets),
                    Catch::Matchers::StartsWith("file: token 3 is 70, beyond a vocabulary of 70; say --vocabulary"));
}

TEST_CASE("a context longer than a part of the text is refused with the length that is there") {
  const temporary_folder folder;
  const auto file = folder.write("a.txt", std::string(100, 'x') + "y");
  data_settings settings;
  settings.context = 10;
  const auto data = open_dataset("text:" + file, settings);
  REQUIRE(data);
  CHECK(data->train.count == 8);
  CHECK(data->test.count == 1);
  settings.context = 11;
  require_message(open_dataset("text:" + file, settings), {file, "test part has 11 tokens", "at least 12", "shorter"});
  settings.test_fraction = 0.5;
  CHECK(open_dataset("text:" + file, settings));
  settings.context.reset(); // said later
  CHECK(open_dataset("bytes:" + file, settings)->train.window == 0);
  require_message(open_dataset("text:" + folder.write("empty", ""), settings), {"empty"});
  require_message(open_dataset("tokens:" + folder.path(), settings), {"train.bin"});
}

TEST_CASE("Shakespeare's plays have 65 different characters") {
  const std::string file = SYNGRAD_SOURCE_DIR "/../shared/data/tinyshakespeare/input.txt";
  if (!std::filesystem::exists(file)) return;
  auto data = load_text(file, usual_test_fraction_of_text);
  REQUIRE(data);
  CHECK(data->tokens->size() == 65);
  CHECK(data->train.text.size() == 1'003'854); // as nanoGPT cuts it
  CHECK(data->test.text.size() == 111'540);
  REQUIRE(cut_windows(*data, 64));
  CHECK(data->test.count == 1742);
  std::vector<std::int32_t> inputs(64), targets(64);
  copy_windows(data->train, 65, std::vector<std::int64_t>{0}, inputs, targets);
  CHECK(data->tokens->decode(inputs).starts_with("First Citizen:\nBefore we proceed"));
  CHECK(data->tokens->decode(targets).starts_with("irst Citizen:\n"));
}
