// What stands in a table's fields: a number, decimal with a point, and with a sign or an exponent where need be; and
// the labels, the different ones, and which of them each row has.
//
// Blanks around a label do not count, and numbers are compared as numbers: "1", "01", "1.0" and " 1" are one label.
// Whole numbers beyond 2^53, which a double does not tell apart, are names.
#pragma once

#include "runtime/data/label_numbering.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace syngrad {

struct csv_number {
  enum class kind {
    finite,
    not_finite, // nan or inf, in any spelling that C knows
    too_large,  // for a 32-bit float
    none        // something else than a number
  };

  kind what;
  double value; // where finite
};

csv_number parse_csv_number(std::string_view text);
bool is_csv_number(const std::string& text);
bool has_decimal_comma(const std::string& text); // "1,5"
// Of a field that is to be a finite number; else what is wrong with it.
result<double> read_csv_value(const std::string& text);

class csv_labels {
public:
  // Fails where `text` is no label (nothing, or what stands for a missing value), or one too many.
  status add(const std::string& text, std::int64_t line);

  std::size_t rows() const { return rows_.size(); }
  const std::vector<label>& different() const { return different_; }
  // The index in different() of the label of each row.
  const std::vector<std::int32_t>& of_rows() const { return rows_; }

  // Whether the first row's label is a name that no other row has, and those of all others are numbers.
  bool begin_with_a_title() const;
  void drop_first_row(); // where they do

  // What is one label and was written differently, as a note; empty: nothing.
  std::string spellings() const;

private:
  result<std::int32_t> index_of(const std::string& text, std::int64_t line);

  std::vector<label> different_; // in order of appearance
  std::unordered_map<std::string, std::int32_t> by_text_;
  std::unordered_map<double, std::int32_t> by_number_;
  std::vector<std::int32_t> rows_;
  std::vector<label> respelled_; // some that are written differently from their equals in different_
};

} // namespace syngrad
