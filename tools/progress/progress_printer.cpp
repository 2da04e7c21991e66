#include "tools/progress/progress_printer.hpp"

#include "tools/progress/text_table.hpp"

#include <cmath>
#include <cstdlib>
#include <fmt/core.h>
#include <string_view>
#include <sys/ioctl.h>
#include <unistd.h>
#include <vector>

namespace syngrad::tools {

namespace {

bool is_set(const char* variable) {
  const char* value = std::getenv(variable);
  return value && *value;
}

} // namespace

terminal standard_terminal() {
  const char* kind = std::getenv("TERM");
  const bool capable = kind && std::string_view(kind) != "dumb";
  terminal found;
  found.interactive = capable && ::isatty(STDOUT_FILENO);
  found.colour = found.interactive && !is_set("NO_COLOR");
  found.width = [] {
    winsize size{};
    return ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? int{size.ws_col} : 80;
  };
  return found;
}

namespace {

constexpr double plain_interval_s = 10;
constexpr auto erase_line = "\r\x1b[K";
constexpr auto bold = "\x1b[1m";
constexpr auto no_style = "\x1b[0m";

std::string step_of(std::int64_t step, std::int64_t steps) {
  return fmt::format("step {}/{}", step, steps);
}

} // namespace

std::string format_progress(const progress_report& report, int width) {
  std::vector<std::string> parts{step_of(report.step, report.steps),   show_rate(report.samples_per_s, report.unit),
                                 "loss " + show_real(report.loss, 4),  show_metric(report.metrics.judge()),
                                 "ETA " + show_duration(report.eta_s), "busy " + show_percent(report.busy)};
  const auto limit = static_cast<std::size_t>(width > 0 ? width : 0);
  while (true) {
    std::string line;
    for (const auto& part : parts) line += (line.empty() ? "" : "  ") + part;
    if (line.size() <= limit) return line;
    if (parts.size() == 1) return line.substr(0, limit);
    parts.pop_back();
  }
}

progress_printer::progress_printer(std::ostream& out, std::ostream& errors, terminal where, bool quiet,
                                   std::function<double()> clock)
  : out_(out), errors_(errors), terminal_(std::move(where)), quiet_(quiet), clock_(std::move(clock)),
    last_line_(clock_()) {}

void progress_printer::progress(const progress_report& report) {
  const std::lock_guard lock(mutex_);
  if (quiet_) return;
  if (terminal_.interactive) {
    // The last column stays free: a full line makes some terminals wrap.
    out_ << erase_line << format_progress(report, terminal_.width() - 1) << std::flush;
    drawn_ = true;
  } else if (clock_() - last_line_ >= plain_interval_s) {
    print(format_progress(report, 1000));
  }
}

void progress_printer::evaluation(const evaluation_report& report, std::int64_t steps) {
  const std::lock_guard lock(mutex_);
  if (quiet_) return;
  const auto judged = (report.on_validation ? "validation " : "test ") + show_metric(report.metrics.judge());
  print(step_of(report.step, steps) + ": " + (terminal_.colour ? bold + judged + no_style : judged) + ", loss " +
        show_real(report.loss, 4) + ", training loss " + show_real(report.train_loss, 4) + ", " +
        show_rate(report.samples_per_s, report.unit) + ", " + show_real(report.wall_s, 1) + " s");
}

void progress_printer::line(const std::string& text) {
  const std::lock_guard lock(mutex_);
  if (!quiet_) print(text);
}

void progress_printer::notice(const std::string& text) {
  const std::lock_guard lock(mutex_);
  erase();
  errors_ << text << '\n' << std::flush;
}

void progress_printer::finish() {
  const std::lock_guard lock(mutex_);
  erase();
}

void progress_printer::print(const std::string& text) {
  erase();
  out_ << text << '\n' << std::flush;
  last_line_ = clock_();
}

void progress_printer::erase() {
  if (drawn_) out_ << erase_line << std::flush;
  drawn_ = false;
}

} // namespace syngrad::tools
