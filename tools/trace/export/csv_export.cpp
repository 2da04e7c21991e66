// All records as comma-separated values: a header line, a line each, and last "# lost records: N". Fields that a kind
// does not have are empty.
#include "runtime/trace/trace_vocabulary.hpp"
#include "tools/trace/export/export_file.hpp"
#include "tools/trace/export/export_format.hpp"
#include "tools/trace/export/record_words.hpp"

namespace syngrad::tools {

namespace {

std::string quoted(std::string_view text) {
  if (text.find_first_of(",\"\n") == std::string_view::npos) return std::string(text);
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? "\"\"" : std::string(1, c);
  return out + '"';
}

std::string shown(float value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.9g", static_cast<double>(value));
  return text;
}

std::string line_of(const trace_record& record, const trace_names& names) {
  const bool metric = record.kind == record_kind::metric;
  std::string line = std::to_string(record.time_ns);
  const auto add = [&line](std::string_view field) {
    line += ',';
    line += field;
  };
  add(name_of(record.kind));
  add(type_of(record));
  add(std::to_string(node_of(record.actor)));
  add(quoted(names.title_of(record.actor)));
  add(quoted(peer_of(record, names)));
  add(std::to_string(record.message));
  add(std::to_string(record.parent));
  add(has_batch(record) ? std::to_string(record.batch) : "");
  add(std::to_string(record.version));
  add(metric ? "" : std::to_string(record.value));
  add(metric ? shown(record.measured()) : "");
  add(record.interface == no_interface ? "" : std::to_string(record.interface));
  return line + '\n';
}

result<std::uint64_t> write(const trace_run& run, const trace_filter& filter, const std::string& path) {
  auto file = export_file::create(path);
  if (!file) return file.failure();
  file->write("time_ns,kind,type,node,actor,peer,message,parent,batch,version,value,measured,interface\n");
  std::uint64_t count = 0;
  run.for_each(filter, [&](const trace_record& record) {
    file->write(line_of(record, run.names()));
    ++count;
  });
  file->write("# lost records: " + std::to_string(run.lost()) + '\n');
  if (auto done = file->commit(); !done) return done.failure();
  return count;
}

} // namespace

const export_format csv_export{"csv", "trace.csv", "Any spreadsheet opens it.", write};

} // namespace syngrad::tools
