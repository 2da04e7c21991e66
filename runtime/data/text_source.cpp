#include "runtime/data/text_source.hpp"

#include "runtime/data/byte_reader.hpp"
#include "runtime/io/text_file.hpp"
#include "runtime/text.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fmt/core.h>
#include <set>
#include <system_error>

namespace syngrad {

namespace {

namespace fs = std::filesystem;

dataset make_text(std::string name, vocabulary tokens, token_text train, token_text test) {
  dataset data;
  data.name = std::move(name);
  data.input = {{0}, dtype::i32, tokens.size()}; // until cut_windows()
  data.target = data.input;
  data.tokens = std::move(tokens);
  data.train.text = std::move(train);
  data.test.text = std::move(test);
  return data;
}

result<dataset> split_by_position(const std::string& name, vocabulary tokens, const token_text& whole,
                                  double test_fraction) {
  if (!(test_fraction > 0 && test_fraction < 1))
    return error::setting(
      fmt::format("--test-fraction: a number between 0 and 1 is expected, not {:f}", test_fraction));
  const auto train = static_cast<std::int64_t>(std::floor((1 - test_fraction) * static_cast<double>(whole.size())));
  return make_text(name, std::move(tokens), whole.part(0, train), whole.part(train, whole.size() - train));
}

result<std::string> read_whole_file(const std::string& file) {
  auto reader = byte_reader::open(file);
  if (!reader) return reader.failure();
  constexpr std::size_t piece = 1 << 20;
  std::string content;
  for (;;) {
    const auto done = content.size();
    content.resize(done + piece);
    const auto got = reader->read(content.data() + done, piece);
    if (!got) return got.failure();
    content.resize(done + *got);
    if (*got < piece) return content;
  }
}

// The different characters, ascending, in UTF-8. Fails at what is no UTF-8.
result<std::string> characters_of(const std::string& text, const std::string& file) {
  std::set<std::string_view> all; // the order of UTF-8's bytes is that of the characters
  std::array<bool, 128> seen{};   // most texts are mostly ASCII
  for (std::size_t at = 0; at < text.size();) {
    const auto begin = at;
    const auto character = next_character(text, at);
    if (!character)
      return error::data(fmt::format("{}: byte {} is no UTF-8; use --data bytes:{}, or convert it", file, begin, file));
    if (*character < seen.size() && std::exchange(seen[*character], true)) continue;
    all.insert(std::string_view(text).substr(begin, at - begin));
  }
  return join_text(all, "");
}

// A text in UTF-8, without its mark.
result<std::string> read_characters(const std::string& file) {
  constexpr std::string_view mark = "\xef\xbb\xbf";
  auto read = read_whole_file(file);
  if (!read) return read;
  if (read->starts_with(mark)) read->erase(0, mark.size());
  if (read->empty()) return error::data(file + ": the file is empty; check the path");
  return read;
}

result<token_text> map_bytes(const std::string& file) {
  auto mapped = mapped_file::open(file);
  if (!mapped) return mapped.failure();
  const auto bytes = mapped->bytes();
  if (bytes.size() > 1 && bytes[0] == std::byte{0x1f} && bytes[1] == std::byte{0x8b})
    return error::setting(file + ": compressed with gzip, so its bytes tell nothing; unpack it first");
  token_text whole;
  whole.append(*mapped, 1, 0);
  return whole;
}

} // namespace

result<dataset> load_text_as_learned(const std::string& file, const vocabulary& tokens) {
  auto read = read_characters(file);
  if (!read) return read.failure();
  const auto encoded = tokens.encode(*read);
  if (!encoded) return encoded.failure().prefixed(file + ": the run's text had other characters: ");
  return make_text(file, tokens, {}, token_text::of({encoded->begin(), encoded->end()}, file));
}

result<dataset> load_bytes_as_learned(const std::string& file) {
  auto whole = map_bytes(file);
  if (!whole) return whole.failure();
  return make_text(file, vocabulary::of_bytes(), {}, std::move(*whole));
}

result<dataset> load_text(const std::string& file, double test_fraction) {
  constexpr std::int32_t most_characters = 1 << 16;
  auto read = read_characters(file);
  if (!read) return read.failure();
  const auto list = characters_of(*read, file);
  if (!list) return list.failure();
  auto known = vocabulary::of_characters(*list);
  if (!known) return known.failure();
  if (known->size() > most_characters)
    return error::data(fmt::format("{}: {} different characters, at most {} are expected; use --data bytes:{}", file,
                                   known->size(), most_characters, file));
  std::vector<std::uint16_t> tokens;
  const auto encoded = known->encode(*read);
  if (!encoded) return encoded.failure().prefixed(file + ": ");
  tokens.assign(encoded->begin(), encoded->end());
  auto data = split_by_position(file, std::move(*known), token_text::of(std::move(tokens), file), test_fraction);
  if (data)
    data->notes.push_back(
      fmt::format("{}: {} characters, {} different ones", file, encoded->size(), data->tokens->size()));
  return data;
}

result<dataset> load_bytes(const std::string& file, double test_fraction) {
  const auto whole = map_bytes(file);
  if (!whole) return whole.failure();
  return split_by_position(file, vocabulary::of_bytes(), *whole, test_fraction);
}

namespace {

constexpr std::size_t header_words = 256; // of llm.c's files
constexpr std::int32_t tokens_16 = 20240520, tokens_32 = 20240801;
constexpr std::int64_t looked_through = 1 << 27; // tokens: below a second, even from a slow disk

struct token_file_names {
  std::vector<std::string> train, test; // sorted
};

// "train.bin", "tiny_shakespeare_train.bin", "fineweb_val_000000.bin"; nothing of other names.
std::optional<bool> is_of_training(std::string_view name) {
  if (!name.ends_with(".bin")) return std::nullopt;
  name.remove_suffix(4);
  if (const auto number = name.find_last_not_of("0123456789");
      number != name.npos && number + 1 < name.size() && name[number] == '_')
    name = name.substr(0, number);
  for (const bool train : {true, false}) {
    const std::string_view part = train ? "train" : "val";
    if (name == part || (name.ends_with(part) && name[name.size() - part.size() - 1] == '_')) return train;
  }
  return std::nullopt;
}

result<token_file_names> find_token_files(const std::string& folder) {
  std::error_code failed;
  if (!fs::is_directory(folder, failed))
    return error::file(folder + ": no such folder; give one with train.bin and val.bin");
  token_file_names names;
  fs::directory_iterator entry(folder, failed);
  for (const fs::directory_iterator none; !failed && entry != none; entry.increment(failed))
    if (const auto train = is_of_training(entry->path().filename().string()))
      (*train ? names.train : names.test).push_back(entry->path().string());
  if (failed) return error::file(folder + ": cannot be read (" + failed.message() + "); check its permissions");
  for (const auto* each : {&names.train, &names.test})
    if (each->empty())
      return error::file((fs::path(folder) / (each == &names.train ? "train.bin" : "val.bin")).string() +
                         ": no such file, nor one of llm.c's names such as NAME_" +
                         (each == &names.train ? "train" : "val") + ".bin; put it there, or give another folder");
  std::sort(names.train.begin(), names.train.end());
  std::sort(names.test.begin(), names.test.end());
  return names;
}

// How many bytes stand before the tokens.
result<std::size_t> read_token_header(const mapped_file& file) {
  const auto bytes = file.bytes();
  std::array<std::int32_t, 3> header{};
  if (bytes.size() >= sizeof header) std::memcpy(header.data(), bytes.data(), sizeof header);
  const auto [magic, version, count] = header;
  if (magic == tokens_32)
    return error::data(file.path() +
                       ": holds 32-bit tokens (llm.c's form for Llama 3); 16-bit tokens are expected, so write "
                       "it with a vocabulary below 65536");
  if (magic != tokens_16) {
    if (bytes.size() % 2 != 0)
      return error::data(fmt::format(
        "{}: {} bytes are no whole number of 16-bit tokens; the file is cut or of another kind, write it again",
        file.path(), bytes.size()));
    return 0;
  }
  if (version != 1)
    return error::data(fmt::format("{}: version {} of llm.c's token files; version 1 is expected, write it again",
                                   file.path(), version));
  const auto header_bytes = header_words * sizeof(std::int32_t);
  const auto has = bytes.size() < header_bytes ? 0 : bytes.size() - header_bytes;
  if (count < 0 || has != static_cast<std::size_t>(count) * 2)
    return error::data(fmt::format(
      "{}: its header promises {} tokens of 2 bytes, it has {} bytes; the file is cut or damaged, write it again",
      file.path(), count, has));
  return header_bytes;
}

result<token_text> map_tokens(const std::vector<std::string>& files) {
  token_text text;
  for (const auto& name : files) {
    const auto file = mapped_file::open(name);
    if (!file) return file.failure();
    const auto begin = read_token_header(*file);
    if (!begin) return begin.failure();
    text.append(*file, 2, *begin);
  }
  return text;
}

struct largest_token {
  std::int32_t token = -1;
  std::int64_t at = 0;
};

largest_token find_largest(const token_text& text) {
  std::vector<std::int32_t> piece(1 << 16);
  largest_token largest;
  for (std::int64_t at = 0; at < text.size(); at += static_cast<std::int64_t>(piece.size())) {
    piece.resize(static_cast<std::size_t>(std::min(static_cast<std::int64_t>(piece.size()), text.size() - at)));
    text.copy(at, piece);
    const auto found = std::max_element(piece.begin(), piece.end());
    if (*found > largest.token) largest = {*found, at + (found - piece.begin())};
  }
  return largest;
}

} // namespace

result<dataset> load_tokens(const std::string& folder, std::optional<std::int32_t> vocabulary_size) {
  const auto files = find_token_files(folder);
  if (!files) return files.failure();
  auto train = map_tokens(files->train);
  if (!train) return train.failure();
  auto test = map_tokens(files->test);
  if (!test) return test.failure();
  const bool small = train->size() + test->size() <= looked_through;
  if (!small && !vocabulary_size)
    return error::setting(fmt::format("{}: {} tokens are not looked through for the largest; say --vocabulary N, how "
                                      "many different ones there are (50257 of GPT-2's)",
                                      folder, train->size()));
  std::int32_t size = vocabulary_size.value_or(0);
  if (small) {
    for (const auto* text : {&*train, &*test}) {
      const auto largest = find_largest(*text);
      if (!vocabulary_size)
        size = std::max(size, largest.token + 1);
      else if (largest.token >= size)
        return error::data(beyond_vocabulary(*text, largest.at, largest.token, size));
    }
  }
  auto data = make_text(folder, vocabulary::of_numbers(size), std::move(*train), std::move(*test));
  if (!vocabulary_size)
    data.notes.push_back(
      fmt::format("{}: the largest token is {}, so a vocabulary of {} is taken; --vocabulary says another", folder,
                  size - 1, size));
  return data;
}

status cut_windows(dataset& data, std::int64_t context) {
  for (auto* part : {&data.train, &data.test}) {
    const auto size = part->text.size();
    part->window = context;
    if (size == 0 && part == &data.train) continue;
    if (size < context + 1)
      return error::setting(fmt::format(
        "{}: its {} part has {} tokens, a context of {} takes at least {}; use a shorter context or a longer text",
        data.name, part == &data.train ? "training" : "test", size, context, context + 1));
    part->count = (size - 1) / context;
  }
  data.input.extents = data.target.extents = {context};
  return ok();
}

} // namespace syngrad
