// The folder that a run writes. Found unusable before any work is done, and gone again where the run never started.
//
// Owns what it created on disk until keep(). One thread at a time.
#pragma once

#include "runtime/result.hpp"

#include <string>
#include <vector>

namespace syngrad::tools {

class run_folder {
public:
  // `requested`: the folder's path, or empty for a new runs/DATE-TIME-POLICY. Fails where it holds a run already or
  // cannot be written.
  static result<run_folder> create(const std::string& requested, const std::string& policy);

  run_folder(run_folder&&) noexcept = default;
  run_folder& operator=(run_folder&&) = delete;
  ~run_folder(); // without keep(): removes the folders made, where nothing was written into them

  const std::string& path() const { return path_; }
  std::string file(const std::string& name) const { return path_ + "/" + name; }
  void keep() { created_.clear(); }

private:
  explicit run_folder(std::string path) : path_(std::move(path)) {}

  status make(bool may_exist);
  status check_free() const;
  status check_writable() const;

  std::string path_;
  std::vector<std::string> created_; // outermost first
};

} // namespace syngrad::tools
