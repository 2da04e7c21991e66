// Builds JSON text. The caller opens and closes objects and arrays in order (asserted); commas, indentation and escapes
// are the writer's business. Text is taken as UTF-8; bytes that are none become U+FFFD. NaN and infinities, which JSON
// lacks, become null.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace syngrad {

class json_writer {
public:
  // `indent` spaces a level; 0: all in one line, without spaces.
  explicit json_writer(int indent = 2) : indent_(indent) {}

  json_writer& begin_object() { return open('{', '}'); }
  json_writer& end_object() { return close(); }
  json_writer& begin_array() { return open('[', ']'); }
  json_writer& end_array() { return close(); }
  json_writer& key(std::string_view name);

  json_writer& text(std::string_view value);
  json_writer& number(double value); // the shortest digits that read back as the same value
  json_writer& number(std::int64_t value);
  json_writer& boolean(bool value);
  json_writer& null();

  const std::string& str() const { return out_; }

private:
  json_writer& open(char opening, char closing);
  json_writer& close();
  json_writer& raw(std::string_view value);
  void before_value();
  void new_line();

  struct level {
    char closing;
    bool empty;
  };

  int indent_;
  std::string out_;
  std::vector<level> levels_;
  bool after_key_ = false;
};

// `value` in quotes, with every escape that JSON wants.
std::string quote_json(std::string_view value);

} // namespace syngrad
