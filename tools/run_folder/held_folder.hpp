// A folder that is held open, to tell what others do to it meanwhile. Any thread.
#pragma once

#include "runtime/result.hpp"

#include <optional>
#include <string>
#include <utility>

namespace syngrad::tools {

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

} // namespace syngrad::tools
