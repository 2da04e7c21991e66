#include "tests/support/catch.hpp"
#include "tests/tools/sample_summary.hpp"
#include "tools/progress/progress_printer.hpp"

#include <sstream>

using namespace syngrad;
using namespace syngrad::tools;

namespace {

progress_report sample_progress() {
  progress_report report;
  report.step = 1200;
  report.steps = 3000;
  report.loss = 0.03125;
  report.samples_per_s = 24100.4;
  report.eta_s = 35;
  report.metrics = metric_values({{{"error", "%", "error_percent"}, 2.31}});
  report.busy = 0.87;
  return report;
}

struct screen {
  double now = 0;
  std::ostringstream out, errors;

  progress_printer printer(bool interactive, bool colour = false, bool quiet = false, int width = 200) {
    return {out, errors, {interactive, colour, [width] { return width; }}, quiet, [this] { return now; }};
  }
};

} // namespace

TEST_CASE("The progress line loses what matters least until it fits the terminal") {
  const auto report = sample_progress();
  const std::string whole = "step 1200/3000  24,100 samples/s  loss 0.0312  error 2.31 %  ETA 0:35  busy 87 %";
  CHECK(format_progress(report, 1000) == whole);
  CHECK(format_progress(report, static_cast<int>(whole.size())) == whole);
  CHECK(format_progress(report, 79) == "step 1200/3000  24,100 samples/s  loss 0.0312  error 2.31 %  ETA 0:35");
  CHECK(format_progress(report, 20) == "step 1200/3000");
  CHECK(format_progress(report, 6) == "step 1");
  CHECK(format_progress(report, 0).empty());
}

TEST_CASE("Rates of a text are in tokens") {
  auto report = sample_progress();
  report.unit = {"tokens", "token", 64};
  report.samples_per_s = 100.5;
  report.metrics = metric_values({{{"perplexity", "", "perplexity"}, 13.861}});
  CHECK(format_progress(report, 1000) ==
        "step 1200/3000  6,432 tokens/s  loss 0.0312  perplexity 13.86  ETA 0:35  busy 87 %");
}

TEST_CASE("Before the first evaluation there is no error to show") {
  auto report = sample_progress();
  report.metrics = metric_values({{{"error", "%", "error_percent"}, std::nan("")}});
  CHECK(format_progress(report, 1000).find("error -  ETA") != std::string::npos);
}

TEST_CASE("On a terminal the line is redrawn and makes room for evaluations and notices") {
  screen s;
  auto printer = s.printer(true, false, false, 21);
  printer.progress(sample_progress());
  CHECK(s.out.str() == "\r\x1b[Kstep 1200/3000");
  s.out.str("");
  printer.evaluation(test::sample_evaluation(1200), 3000);
  CHECK(s.out.str() == "\r\x1b[Kstep 1200/3000: test error 6.50 %, loss 0.2500, training loss 0.5000, 20,000 "
                       "samples/s, 2.5 s\n");
  printer.progress(sample_progress());
  s.out.str("");
  printer.notice("careful");
  CHECK(s.out.str() == "\r\x1b[K");
  CHECK(s.errors.str() == "careful\n");
  s.out.str("");
  printer.finish();
  CHECK(s.out.str().empty());
}

TEST_CASE("Colour is used where it may be, and nowhere else") {
  screen plain, coloured;
  plain.printer(true).evaluation(test::sample_evaluation(1), 2);
  coloured.printer(true, true).evaluation(test::sample_evaluation(1), 2);
  CHECK(plain.out.str().find('\x1b') == std::string::npos);
  CHECK(coloured.out.str().find("\x1b[1mtest error 6.50 %\x1b[0m") != std::string::npos);
}

TEST_CASE("Elsewhere there is a plain line an evaluation, and else one every ten seconds at most") {
  screen s;
  auto printer = s.printer(false);
  for (s.now = 0.5; s.now < 10; s.now += 0.5) printer.progress(sample_progress());
  CHECK(s.out.str().empty());
  s.now = 10;
  printer.progress(sample_progress());
  CHECK(s.out.str() == "step 1200/3000  24,100 samples/s  loss 0.0312  error 2.31 %  ETA 0:35  busy 87 %\n");
  s.out.str("");
  s.now = 15;
  printer.evaluation(test::sample_evaluation(1300), 3000);
  s.now = 24;
  printer.progress(sample_progress()); // nine seconds after a line
  CHECK(s.out.str().find('\n') == s.out.str().size() - 1);
  CHECK(s.out.str().find("step 1300/3000: test error") == 0);
}

TEST_CASE("A quiet run shows notices only") {
  screen s;
  auto printer = s.printer(true, true, true);
  printer.progress(sample_progress());
  printer.evaluation(test::sample_evaluation(1), 2);
  printer.line("x");
  printer.notice("careful");
  CHECK(s.out.str().empty());
  CHECK(s.errors.str() == "careful\n");
}
