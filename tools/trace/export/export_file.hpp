// A file that is written in small pieces and appears whole or not at all. One thread at a time.
#pragma once

#include "runtime/io/atomic_file.hpp"

#include <string>
#include <string_view>

namespace syngrad::tools {

class export_file {
public:
  static result<export_file> create(const std::string& path) {
    auto file = atomic_file::create(path);
    if (!file) return file.failure();
    return export_file(std::move(*file));
  }

  // A failure to write is kept for commit().
  void write(std::string_view text) {
    buffer_ += text;
    if (buffer_.size() >= buffer_bytes) flush();
  }

  status commit() {
    flush();
    return state_ ? file_.commit() : state_;
  }

private:
  static constexpr std::size_t buffer_bytes = 1 << 20;

  explicit export_file(atomic_file file) : file_(std::move(file)) {}
  void flush() {
    if (state_) state_ = file_.write(buffer_);
    buffer_.clear();
  }

  atomic_file file_;
  std::string buffer_;
  status state_ = ok();
};

} // namespace syngrad::tools
