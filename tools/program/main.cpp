#include "runtime/process/process_limits.hpp"
#include "tools/standard_output.hpp"
#include "tools/subcommand.hpp"

#include <exception>
#include <iostream>
#include <string>
#include <system_error>
#include <vector>

namespace {

using namespace syngrad::tools;

exit_code run(const std::vector<std::string>& arguments) {
  try {
    return run_program(arguments);
  } catch (const std::system_error& failure) {
    std::cerr << "syngrad: " << failure.what();
    if (failure.code() == std::errc::resource_unavailable_try_again) // as of a thread that may not be started
      std::cerr << "; limits on threads: " << syngrad::thread_limits();
    std::cerr << '\n';
    return exit_code::failed;
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
