// The bytes of a file, or of a pipe up to its end.
#pragma once

#include <fstream>
#include <sstream>
#include <string>

namespace syngrad::test {

inline std::string contents_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

} // namespace syngrad::test
