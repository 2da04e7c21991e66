// A comparison on disk: its folder, what all of its runs have in common, and the folders of its runs. One process at a
// time has it.
//
//   FOLDER/comparison.txt    options that all runs have, one a line: runs of others do not belong here
//   FOLDER/runs/NAME/        each run's own folder
//   FOLDER/runs.csv          a row for each run, made anew after each
//   FOLDER/index.html        the page, likewise
#pragma once

#include "tools/compare/comparison_plan.hpp"
#include "tools/compare/run_result.hpp"
#include "tools/run_folder/run_folder.hpp"

#include <string>

namespace syngrad::tools {

class comparison_folder {
public:
  // Creates it, or takes up one that was left. Fails where another process has it, or where it holds runs with other
  // common options: with the first that differs.
  static result<comparison_folder> open(const std::string& path, const comparison_plan&);

  const std::string& path() const { return path_; }
  std::string folder_of(const planned_run&) const;
  run_result result_of(const planned_run& run) const { return read_run_result(folder_of(run)); }
  // Removes what is left of a run that is to be made again. Fails where it still goes on.
  status clear(const planned_run&) const;
  status write(const std::string& name, const std::string& text) const;

private:
  comparison_folder(std::string path, folder_lock lock) : path_(std::move(path)), lock_(std::move(lock)) {}

  std::string path_;
  folder_lock lock_;
};

} // namespace syngrad::tools
