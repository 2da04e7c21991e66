// The energy that this machine's processors take, as their own counters tell it (RAPL, by Linux's powercap): of whole
// packages, whoever uses them. Often for the superuser alone, and seldom in a virtual machine: then nothing is known.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace syngrad {

// The counters begin anew at some hundred kilojoules, so it has to be looked at now and then: every minute is plenty.
//
// Threads: one at a time.
class energy_meter {
public:
  // `root` stands for "/": files below it are read.
  explicit energy_meter(const std::string& root = "");

  void begin();
  void look();
  std::optional<double> joules(); // since begin(); nothing where no counter can be read

private:
  struct package {
    std::string counter; // the file
    double range = 0;    // microjoules after which it begins anew
    double last = 0;
  };

  std::vector<package> packages_;
  double microjoules_ = 0;
};

} // namespace syngrad
