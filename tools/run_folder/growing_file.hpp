// A file that grows while a run goes on, and can be copied though its name is gone. One thread at a time.
#pragma once

#include "runtime/io/file_descriptor.hpp"

#include <string>
#include <string_view>

namespace syngrad::tools {

class growing_file {
public:
  // Fails where there is a file already: it is somebody else's.
  static result<growing_file> create(const std::string& path);

  status append(std::string_view text) { return writing_.write(text); }
  // All of it, in a new file; from then on that one grows. Once.
  result<growing_file> continued_at(const std::string& path);

private:
  growing_file(file_descriptor writing, file_descriptor reading)
    : writing_(std::move(writing)), reading_(std::move(reading)) {}

  file_descriptor writing_, reading_;
};

} // namespace syngrad::tools
