// How the program ends.
#pragma once

namespace syngrad::tools {

enum class exit_code : int {
  done = 0,         // also where the target was reached
  failed = 1,       // while running, or hung
  bad_usage = 2,    // found before any work
  interrupted = 130 // by Ctrl-C or another signal of signals.hpp: 128 + SIGINT, as shells report it
};

} // namespace syngrad::tools
