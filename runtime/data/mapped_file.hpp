// A file's bytes in memory without reading them: the system brings what is touched, and drops it again under pressure.
// Read-only; any thread, once open. The file is not to be cut short meanwhile (the system ends a process that reads
// beyond its end).
#pragma once

#include "runtime/result.hpp"

#include <cstddef>
#include <memory>
#include <span>
#include <string>

namespace syngrad {

class mapped_file {
public:
  // Fails where there is no such file, or it is empty or not a regular one.
  static result<mapped_file> open(const std::string& path);

  const std::string& path() const { return path_; }
  std::span<const std::byte> bytes() const { return {memory_.get(), size_}; }
  // Keeps the mapping.
  const std::shared_ptr<const std::byte>& memory() const { return memory_; }

private:
  mapped_file(std::string path, std::shared_ptr<const std::byte> memory, std::size_t size)
    : path_(std::move(path)), memory_(std::move(memory)), size_(size) {}

  std::string path_;
  std::shared_ptr<const std::byte> memory_;
  std::size_t size_;
};

} // namespace syngrad
