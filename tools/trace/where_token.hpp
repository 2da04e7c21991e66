// The words, signs and quoted names of a --where expression, one after the other. Refers to the text, which outlives
// it.
#pragma once

#include <cstddef>
#include <string_view>

namespace syngrad::tools {

struct where_token {
  enum kind { word, sign, quoted, end } what = end;
  std::string_view text; // without quotes
  std::size_t column = 1;

  bool is_word(std::string_view wanted) const { return what == word && text == wanted; }
  bool is_sign(std::string_view wanted) const { return what == sign && text == wanted; }
};

class where_tokens {
public:
  explicit where_tokens(std::string_view text) : text_(text) { pop(); }

  const where_token& front() const { return front_; } // `end` for ever after the last one
  void pop();

private:
  std::string_view text_;
  std::size_t at_ = 0;
  where_token front_;
};

} // namespace syngrad::tools
