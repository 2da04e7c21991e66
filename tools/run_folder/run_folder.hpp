// The folder that a run writes, alone: the lock that keeps other runs out, and what others do to the folder by hand.
#pragma once

#include "runtime/result.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace syngrad::tools {

// The right to write into a folder, which one process has at a time: a lock on the file .lock in it, which says who has
// it. The system takes the lock back when the process ends, however it ends.
//
// Where a file system has no locks, nothing is promised; who makes files there should make them exclusively.
class folder_lock {
public:
  // Fails where another process has it ("... is in use: process 12 on HOST ...") or nothing can be written there; the
  // result is null where the folder is gone.
  static result<std::optional<folder_lock>> take(const std::string& folder);
  folder_lock(folder_lock&& other) noexcept
    : number_(std::exchange(other.number_, -1)), folder_(std::move(other.folder_)) {}
  folder_lock& operator=(folder_lock&& other) noexcept {
    std::swap(number_, other.number_);
    std::swap(folder_, other.folder_);
    return *this;
  }
  ~folder_lock(); // removes the file

  // The folder has another name now.
  void follow(const std::string& folder) { folder_ = folder; }
  // Whether its file is still there: who finds none may take a lock of its own.
  bool holds() const;

private:
  folder_lock(int number, std::string folder) : number_(number), folder_(std::move(folder)) {}
  std::string path() const { return folder_ + "/.lock"; }

  int number_ = -1;
  std::string folder_;
};

// A folder that is held open, to tell what others do to it meanwhile. Any thread.
class held_folder {
public:
  static result<held_folder> open(const std::string& path);
  held_folder(held_folder&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  held_folder& operator=(held_folder&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~held_folder();

  // Whether `path` leads to it now.
  bool is_at(const std::string& path) const;
  // Where it is now, from the root; nothing where it has been removed.
  std::optional<std::string> path_now() const;

private:
  explicit held_folder(int number) : number_(number) {}

  int number_ = -1;
};

// A run's folder: other runs are refused meanwhile. Found unusable before any work is done, and gone
// again where the run never started. What others do to it by hand is noticed by look().
//
// Owns what it created on disk until keep(). One thread at a time.
class run_folder {
public:
  // `requested`: the folder's path, or empty for a new runs/DATE-TIME-POLICY. Fails where it holds a run already, where
  // another process writes one there, or where it cannot be written; of others nothing is touched.
  static result<run_folder> create(const std::string& requested, const std::string& policy);

  // The folder of a run that goes on. Fails where there is no run, or another process writes one there.
  static result<run_folder> reopen(const std::string& path);

  run_folder(run_folder&&) noexcept = default;
  run_folder& operator=(run_folder&&) noexcept = default;
  ~run_folder(); // without keep(): removes the folders made, where nothing was written into them

  const std::string& path() const { return path_; }
  std::string file(const std::string& name) const { return path_ + "/" + name; }
  void keep() { created_.clear(); }

  enum class standing { unmoved, renamed, removed };
  // What has become of it. Renamed: path() is its new one from now on. Removed: so it is for all that follows.
  standing look();

private:
  explicit run_folder(std::string path) : path_(std::move(path)) {}

  status make(bool may_exist);
  status check_free() const;
  status take();
  status hold();

  std::string path_;
  std::optional<held_folder> held_;
  std::optional<folder_lock> lock_;
  std::vector<std::string> created_; // outermost first
};

} // namespace syngrad::tools
