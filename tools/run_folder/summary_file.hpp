// summary.json as others read it: single values by their keys, which summary_text.hpp lists.
#pragma once

#include "runtime/result.hpp"

#include <memory>
#include <string>
#include <vector>

namespace syngrad::tools {

class summary_file {
public:
  // NaN, or empty: the key is not there, null, or of another kind.
  double number(const std::string& key) const;
  std::string text(const std::string& key) const;
  std::vector<double> of_groups(const std::string& key) const; // a number of each group, bottom to top
  std::string judging_metric() const;                          // its column: "error_percent"

private:
  friend result<summary_file> read_summary_file(const std::string& path);
  struct contents;
  explicit summary_file(std::shared_ptr<const contents> read) : contents_(std::move(read)) {}

  std::shared_ptr<const contents> contents_;
};

result<summary_file> read_summary_file(const std::string& path);

} // namespace syngrad::tools
