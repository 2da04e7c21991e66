// The folder that a run writes, alone: others are refused meanwhile. Found unusable before any work is done, and gone
// again where the run never started. What others do to it by hand is noticed by look().
//
// Owns what it created on disk until keep(). One thread at a time.
#pragma once

#include "tools/run_folder/folder_lock.hpp"
#include "tools/run_folder/held_folder.hpp"

#include <optional>
#include <string>
#include <vector>

namespace syngrad::tools {

class run_folder {
public:
  // `requested`: the folder's path, or empty for a new runs/DATE-TIME-POLICY. Fails where it holds a run already, where
  // another process writes one there, or where it cannot be written; of others nothing is touched.
  static result<run_folder> create(const std::string& requested, const std::string& policy);

  run_folder(run_folder&&) noexcept = default;
  run_folder& operator=(run_folder&&) noexcept = default;
  ~run_folder(); // without keep(): removes the folders made, where nothing was written into them

  const std::string& path() const { return path_; }
  std::string file(const std::string& name) const { return path_ + "/" + name; }
  void keep() { created_.clear(); }

  enum class standing { in_place, renamed, removed };
  // What has become of it. Renamed: path() is its new one from now on. Removed: so it is for all that follows.
  standing look();

private:
  explicit run_folder(std::string path) : path_(std::move(path)) {}

  status make(bool may_exist);
  status check_free() const;
  status take();

  std::string path_;
  std::optional<held_folder> held_;
  std::optional<folder_lock> lock_;
  std::vector<std::string> created_; // outermost first
};

} // namespace syngrad::tools
