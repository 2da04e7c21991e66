// The right to write into a folder, which one process has at a time: a lock on the file .lock in it, which says who has
// it. The system takes the lock back when the process ends, however it ends.
//
// Where a file system has no locks, nothing is promised; who makes files there should make them exclusively.
#pragma once

#include "runtime/result.hpp"

#include <optional>
#include <string>
#include <utility>

namespace syngrad::tools {

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

} // namespace syngrad::tools
