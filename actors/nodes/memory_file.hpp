// Bytes that live in memory and have a path in this process, for libraries that only read files. One owner; the path
// may be opened by any thread as long as this object lives.
#pragma once

#include "runtime/result.hpp"

#include <string>

namespace syngrad {

class memory_file {
public:
  memory_file() = default;
  memory_file(memory_file&& other) noexcept;
  memory_file& operator=(memory_file&& other) noexcept;
  ~memory_file();

  static result<memory_file> holding(const std::string& bytes);

  std::string path() const;

private:
  int number_ = -1;
};

} // namespace syngrad
