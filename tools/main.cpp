#include "tools/program.hpp"
#include "tools/standard_output.hpp"

#include <exception>
#include <iostream>
#include <string>
#include <vector>

namespace {

using namespace syngrad::tools;

exit_code run(const std::vector<std::string>& arguments) {
  try {
    return run_program(arguments);
  } catch (const std::exception& failure) {
    std::cerr << "syngrad: " << failure.what() << '\n';
    return exit_code::failed;
  }
}

} // namespace

int main(int count, char** words) {
  standard_output output;
  return static_cast<int>(output.finish(run({words + 1, words + count})));
}
