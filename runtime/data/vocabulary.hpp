// What the tokens of a text stand for: bytes, characters of a list, or numbers whose meaning their maker knows.
// Read-only once made; any thread.
#pragma once

#include "runtime/result.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace syngrad {

class vocabulary {
public:
  enum class kind { bytes, characters, numbers };

  static vocabulary of_bytes();
  static vocabulary of_numbers(std::int32_t size);
  // Token i is the ith different character of `list` (UTF-8, as characters() returns it).
  static result<vocabulary> of_characters(std::string_view list);

  kind what() const { return kind_; }
  std::int32_t size() const { return size_; }
  std::string characters() const; // of that kind: in the order of their tokens

  // Fails where it has no token for a part of `text`; says where. Numbers stand with blanks between.
  result<std::vector<std::int32_t>> encode(std::string_view text) const;
  // Numbers stand as such, with blanks between. A token is below size().
  std::string decode(std::span<const std::int32_t> tokens) const;

private:
  explicit vocabulary(kind what, std::int32_t size) : kind_(what), size_(size) {}
  std::optional<std::int32_t> token_of(char32_t character) const;
  result<std::vector<std::int32_t>> encode_numbers(std::string_view text) const;

  kind kind_;
  std::int32_t size_;
  std::vector<std::string> characters_;                         // of each token, in UTF-8
  std::vector<std::pair<char32_t, std::int32_t>> by_character_; // ascending
};

// Reads the character of a UTF-8 text that begins at `at`, and moves `at` behind it; none where there is none.
std::optional<char32_t> next_character(std::string_view text, std::size_t& at);

} // namespace syngrad
