// Shows a run while it runs: on a terminal one line that is redrawn, elsewhere plain lines, at most one every ten
// seconds beside one an evaluation.
#pragma once

#include "actors/summary.hpp"

#include <functional>
#include <mutex>
#include <ostream>
#include <string>

namespace syngrad::tools {

// What the standard output is connected to.
struct terminal {
  bool interactive = false;                       // lines can be redrawn
  bool colour = false;                            // off where NO_COLOR is set, see no-color.org
  std::function<int()> width = [] { return 80; }; // columns, now
};

terminal standard_terminal();

// Threads: any; each member locks, as notices may come while progress is printed.
class progress_printer {
public:
  // `clock`: seconds, from any start; monotonic.
  progress_printer(std::ostream& out, std::ostream& errors, terminal where, bool quiet, std::function<double()> clock);

  void progress(const progress_report&);
  void evaluation(const evaluation_report&, std::int64_t steps);
  void line(const std::string& text);   // shown unless quiet
  void notice(const std::string& text); // shown always, on `errors`
  void finish();                        // leaves the redrawn line

private:
  void print(const std::string& text);
  void erase();

  std::mutex mutex_;
  std::ostream& out_;
  std::ostream& errors_;
  terminal terminal_;
  bool quiet_;
  std::function<double()> clock_;
  double last_line_;   // time of the last plain line
  bool drawn_ = false; // a line without a line break stands on the terminal
};

// As much of the progress line as fits into `width` columns: what matters least goes first.
std::string format_progress(const progress_report&, int width);

} // namespace syngrad::tools
