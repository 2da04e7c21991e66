#include "tools/trace/commands/commands.hpp"
#include "tools/trace/report/write_report.hpp"

#include <filesystem>

namespace syngrad::tools {

namespace {

result<answer> run(const trace_request& request) {
  const auto& folder = request.folders.front();
  const auto path = request.out.empty() ? folder + "/report.html" : request.out;
  if (auto written = write_report(request.run(), request.filter, folder, path); !written)
    return error{written.message() + "; name another file with --out"};
  std::error_code unknown;
  const auto bytes = std::filesystem::file_size(path, unknown);
  answer out;
  out.tables.push_back({"report",
                        {{"file", "", 0}, {"size", "bytes", 0}},
                        {{path, unknown ? cell() : cell(static_cast<std::int64_t>(bytes))}}});
  return out;
}

} // namespace

const trace_command report_command{
  "report",
  "RUN",
  "one HTML page with pictures of all of it, for any browser, without a network",
  "Writes RUN/report.html, or the file named by --out. A run writes it by itself at its end.",
  1,
  1,
  true,
  run};

} // namespace syngrad::tools
