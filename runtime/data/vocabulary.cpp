#include "runtime/data/vocabulary.hpp"

#include "runtime/io/text_file.hpp"
#include "runtime/text.hpp"

#include <algorithm>
#include <fmt/core.h>

namespace syngrad {

std::optional<char32_t> next_character(std::string_view text, std::size_t& at) {
  if (at >= text.size()) return std::nullopt;
  const auto byte = [&](std::size_t ahead) { return static_cast<unsigned char>(text[at + ahead]); };
  const auto first = byte(0);
  const std::size_t length = first < 0x80 ? 1 : first >= 0xc2 && first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if ((first >= 0x80 && first < 0xc2) || first > 0xf4 || text.size() - at < length) return std::nullopt;
  auto character = static_cast<char32_t>(length == 1 ? first : first & (0x7f >> length));
  for (std::size_t ahead = 1; ahead < length; ++ahead) {
    if ((byte(ahead) & 0xc0) != 0x80) return std::nullopt;
    character = character << 6 | (byte(ahead) & 0x3f);
  }
  constexpr char32_t least[]{0, 0x80, 0x800, 0x10000};
  if (character < least[length - 1] || character > 0x10ffff || (character >= 0xd800 && character < 0xe000))
    return std::nullopt;
  at += length;
  return character;
}

vocabulary vocabulary::of_bytes() {
  return vocabulary(kind::bytes, 256);
}

vocabulary vocabulary::of_numbers(std::int32_t size) {
  return vocabulary(kind::numbers, size);
}

result<vocabulary> vocabulary::of_characters(std::string_view list) {
  vocabulary out(kind::characters, 0);
  for (std::size_t at = 0; at < list.size();) {
    const auto begin = at;
    const auto character = next_character(list, at);
    if (!character) return error::data(fmt::format("byte {} of a list of characters is no UTF-8", begin));
    out.by_character_.emplace_back(*character, out.size_++);
    out.characters_.emplace_back(list.substr(begin, at - begin));
  }
  std::sort(out.by_character_.begin(), out.by_character_.end());
  const auto twice = std::adjacent_find(out.by_character_.begin(), out.by_character_.end(),
                                        [](const auto& a, const auto& b) { return a.first == b.first; });
  if (twice != out.by_character_.end())
    return error::data("a list of characters has " +
                       quoted_begin(out.characters_[static_cast<std::size_t>(twice->second)]) + " twice");
  return out;
}

std::string vocabulary::characters() const {
  std::string list;
  for (const auto& each : characters_) list += each;
  return list;
}

std::optional<std::int32_t> vocabulary::token_of(char32_t character) const {
  const auto found =
    std::lower_bound(by_character_.begin(), by_character_.end(), std::pair(character, std::int32_t{0}));
  if (found == by_character_.end() || found->first != character) return std::nullopt;
  return found->second;
}

result<std::vector<std::int32_t>> vocabulary::encode(std::string_view text) const {
  if (kind_ == kind::numbers) return encode_numbers(text);
  std::vector<std::int32_t> tokens;
  tokens.reserve(text.size());
  if (kind_ == kind::bytes) {
    for (const char byte : text) tokens.push_back(static_cast<unsigned char>(byte));
    return tokens;
  }
  for (std::size_t at = 0; at < text.size();) {
    const auto begin = at;
    const auto character = next_character(text, at);
    if (!character) return error::data(fmt::format("byte {} is no UTF-8", begin));
    const auto token = token_of(*character);
    if (!token)
      return error::data(fmt::format("the character {} at byte {} is not in the vocabulary of {}",
                                     quoted_begin(text.substr(begin, at - begin)), begin, size_));
    tokens.push_back(*token);
  }
  return tokens;
}

result<std::vector<std::int32_t>> vocabulary::encode_numbers(std::string_view text) const {
  std::vector<std::int32_t> tokens;
  constexpr std::string_view space = " \t\r\n";
  for (std::size_t at = text.find_first_not_of(space); at != std::string_view::npos;
       at = text.find_first_not_of(space, at)) {
    const auto word = text.substr(at, std::min(text.find_first_of(space, at), text.size()) - at);
    at += word.size();
    const auto token = parse_number<std::int32_t>(word);
    if (!token || *token < 0 || *token >= size_)
      return error::data(fmt::format("{} is no number from 0 to {}", quoted_begin(word), size_ - 1));
    tokens.push_back(*token);
  }
  return tokens;
}

std::string vocabulary::decode(std::span<const std::int32_t> tokens) const {
  std::string text;
  for (const auto token : tokens) {
    if (kind_ == kind::bytes)
      text += static_cast<char>(token);
    else if (kind_ == kind::characters)
      text += characters_[static_cast<std::size_t>(token)];
    else
      text += fmt::format("{}{}", text.empty() ? "" : " ", token);
  }
  return text;
}

} // namespace syngrad
