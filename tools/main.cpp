#include "tools/program.hpp"

#include <exception>
#include <iostream>
#include <string>
#include <vector>

int main(int count, char** words) {
  try {
    const std::vector<std::string> arguments(words + 1, words + count);
    return static_cast<int>(syngrad::tools::run_program(arguments));
  } catch (const std::exception& failure) {
    std::cerr << "syngrad: " << failure.what() << '\n';
    return static_cast<int>(syngrad::tools::exit_code::failed);
  }
}
