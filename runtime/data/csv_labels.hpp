// Collects the labels of a table as text and turns them into class numbers once all are known.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

namespace syngrad {

class csv_labels {
public:
  static constexpr std::size_t most_classes = 10'000; // a column with more values is no column of classes

  struct encoding {
    std::int32_t classes = 0;         // the number of outputs that a model needs
    std::size_t distinct = 0;         // how many of them occur
    std::vector<std::int32_t> labels; // of each row, 0..classes-1
  };

  // False if there are more than most_classes different labels.
  bool add(const std::string& text);
  std::size_t rows() const { return rows_.size(); }

  // Integers of 0..most_classes-1 are taken as they are; if any label is something else, the sorted distinct texts are
  // classes 0, 1, ...
  encoding encode() const;

private:
  std::unordered_map<std::string, std::int32_t> ids_; // in order of appearance
  std::vector<std::int32_t> rows_;                    // the id of each row's label
};

} // namespace syngrad
