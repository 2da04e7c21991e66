// Names what a thread is doing, for a profiler that looks at the program from outside.
#pragma once

namespace syngrad {

class profiler_ranges {
public:
  virtual ~profiler_ranges() = default;
  // Ranges of a thread nest. `name` is copied.
  virtual void begin(const char* name) = 0;
  virtual void end() = 0;
};

} // namespace syngrad
