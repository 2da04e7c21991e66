// make_trace FOLDER RECORDS: writes the trace of a simulated run.
#include "tests/bench/simulated_run.hpp"

#include <cstdlib>
#include <exception>
#include <filesystem>
#include <iostream>

int main(int count, char** arguments) {
  if (count != 3) {
    std::cerr << "usage: make_trace FOLDER RECORDS\n";
    return 2;
  }
  try {
    std::filesystem::create_directories(arguments[1]);
    syngrad::bench::simulated_run::settings settings;
    settings.folder = arguments[1];
    settings.records = std::atoll(arguments[2]);
    syngrad::bench::simulated_run::write(settings);
  } catch (const std::exception& failure) {
    std::cerr << "make_trace: " << failure.what() << '\n';
    return 1;
  }
}
