// What the standard output is connected to.
#pragma once

#include <functional>

namespace syngrad::tools {

struct terminal {
  bool interactive = false;                       // lines can be redrawn
  bool colour = false;                            // off where NO_COLOR is set, see no-color.org
  std::function<int()> width = [] { return 80; }; // columns, now
};

terminal standard_terminal();

} // namespace syngrad::tools
