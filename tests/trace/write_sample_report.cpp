// Writes the sample reports, for a browser (report_test.py) and for eyes: write_sample_report FOLDER makes full.html
// and empty.html.
#include "tests/trace/sample_report.hpp"

#include "tools/trace/report/report.hpp"

#include <fstream>
#include <string>

int main(int count, char** arguments) {
  if (count != 2) return 2;
  const std::string folder = arguments[1];
  std::ofstream(folder + "/full.html") << syngrad::tools::make_report(syngrad::test::sample_report());
  std::ofstream(folder + "/empty.html") << syngrad::tools::make_report(syngrad::test::empty_report());
  return 0;
}
