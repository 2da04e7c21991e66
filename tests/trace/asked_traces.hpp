// Asks trace commands about traces made by hand, and finds single cells in their answers.
#pragma once

#include "tests/runtime/io/temporary_folder.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/trace_builder.hpp"

#include "tools/trace/trace_command.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace syngrad::test {

inline tools::trace_run written(const trace_builder& trace, const temporary_folder& folder) {
  trace.write(folder.path());
  auto run = tools::trace_run::open(folder.path());
  REQUIRE(run);
  return std::move(*run);
}

// Folders of traces, and requests about them.
class asked_traces {
public:
  explicit asked_traces(const std::vector<const trace_builder*>& traces) {
    for (const auto* trace : traces) {
      folders_.push_back(std::make_unique<temporary_folder>());
      request.runs.push_back(written(*trace, *folders_.back()));
      request.folders.push_back(folders_.back()->path());
    }
  }
  tools::trace_request request;

private:
  std::vector<std::unique_ptr<temporary_folder>> folders_;
};

inline tools::answer answer_of(const tools::trace_command& command, const tools::trace_request& request) {
  auto found = command.run(request);
  if (!found) FAIL(found.message());
  for (const auto& table : found->tables)
    for (const auto& row : table.rows) REQUIRE(row.size() == table.columns.size());
  return std::move(*found);
}

inline const tools::answer_table& table_of(const tools::answer& from, const std::string& name) {
  const auto found =
    std::find_if(from.tables.begin(), from.tables.end(), [&](auto& each) { return each.name == name; });
  if (found == from.tables.end()) FAIL("no table " << name);
  return *found;
}

// The cell of the row that begins with these texts or numbers.
inline tools::cell cell_of(const tools::answer_table& table, const std::vector<tools::cell>& row_begin,
                           const std::string& column) {
  const auto at =
    std::find_if(table.columns.begin(), table.columns.end(), [&](auto& each) { return each.title == column; });
  const auto row = std::find_if(table.rows.begin(), table.rows.end(), [&](auto& each) {
    return std::equal(row_begin.begin(), row_begin.end(), each.begin());
  });
  if (at == table.columns.end() || row == table.rows.end()) FAIL("no such cell in " << table.name << ": " << column);
  return (*row)[static_cast<std::size_t>(at - table.columns.begin())];
}

inline double real(const tools::cell& value) {
  return std::get<double>(value);
}

inline std::int64_t whole(const tools::cell& value) {
  return std::get<std::int64_t>(value);
}

inline tools::cell text(const char* value) {
  return std::string(value);
}

inline tools::cell number(std::int64_t value) {
  return value;
}

inline std::string refusal(const tools::trace_command& command, const tools::trace_request& request) {
  const auto found = command.run(request);
  REQUIRE_FALSE(found);
  return found.message();
}

} // namespace syngrad::test
