#include "tools/trace/commands/commands.hpp"
#include "tools/trace/report/write_report.hpp"

namespace syngrad::tools {

namespace {

result<answer> answer_report(const trace_request& request) {
  const auto& folder = request.folders.front();
  auto file = output_file::create(request.out.empty() ? folder + "/report.html" : request.out);
  if (!file) return error{"--out: " + file.message()};
  if (auto written = write_report(request.run(), request.filter, folder, *file); !written)
    return answer::failed(written.message());
  answer out;
  out.aside = file->is_standard_output();
  out.tables.push_back(
    {"report", {{"file", "", 0}, {"size", "bytes", 0}}, {{file->path(), static_cast<std::int64_t>(file->bytes())}}});
  return out;
}

} // namespace

const trace_command report_command{"report",
                                   "RUN",
                                   "one HTML page with pictures of all of it, for any browser, without a network",
                                   "Writes RUN/report.html, or the file named by --out (- is the standard output). A "
                                   "run writes it by itself at its end.",
                                   1,
                                   1,
                                   true,
                                   answer_report,
                                   false,
                                   true};

} // namespace syngrad::tools
