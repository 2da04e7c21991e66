#include "tools/trace/where_token.hpp"

namespace syngrad::tools {

namespace {

bool is_part_of_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
         c == '-' || c == '+';
}

std::size_t length_of_sign(std::string_view rest) {
  for (const auto* two : {"==", "!=", "<=", ">=", "&&", "||"})
    if (rest.starts_with(two)) return 2;
  return 1; // one that is unknown too: the parser refuses it
}

} // namespace

void where_tokens::pop() {
  while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n')) ++at_;
  const auto rest = text_.substr(at_);
  if (rest.empty()) {
    front_ = {where_token::end, {}, at_ + 1};
    return;
  }
  if (rest.front() == '\'' || rest.front() == '"') {
    const auto close = rest.find(rest.front(), 1);
    const bool whole = close != std::string_view::npos;
    // Without its other quote it is a sign, which nothing accepts.
    front_ = {whole ? where_token::quoted : where_token::sign, whole ? rest.substr(1, close - 1) : rest, at_ + 1};
    at_ += whole ? close + 1 : rest.size();
    return;
  }
  std::size_t length = 0;
  while (length < rest.size() && is_part_of_word(rest[length])) ++length;
  const bool word = length > 0;
  if (!word) length = length_of_sign(rest);
  front_ = {word ? where_token::word : where_token::sign, rest.substr(0, length), at_ + 1};
  at_ += length;
}

} // namespace syngrad::tools
