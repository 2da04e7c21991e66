// All records as comma-separated values: a header line, and a line each. Fields that a kind does not have are empty.
#include "runtime/io/csv_field.hpp"
#include "runtime/trace/trace_vocabulary.hpp"
#include "tools/trace/export/export_format.hpp"
#include "tools/trace/export/record_words.hpp"

#include <cmath>

namespace syngrad::tools {

namespace {

std::string csv_measure(float value) {
  if (std::isnan(value)) return ""; // there is no such number
  char text[32];
  std::snprintf(text, sizeof text, "%.9g", static_cast<double>(value));
  return text;
}

std::string csv_line(const trace_record& record, const trace_names& names) {
  const bool metric = record.kind == record_kind::metric;
  std::string line = std::to_string(record.time_ns);
  const auto add = [&line](std::string_view field) {
    line += ',';
    line += field;
  };
  add(name_of(record.kind));
  add(type_of(record));
  add(std::to_string(node_of(record.actor)));
  add(csv_field(names.title_of(record.actor)));
  add(csv_field(peer_of(record, names)));
  add(std::to_string(record.message));
  add(std::to_string(record.parent));
  add(has_batch(record) ? std::to_string(record.batch) : "");
  add(std::to_string(record.version));
  add(metric ? "" : std::to_string(record.value));
  add(metric ? csv_measure(record.measured()) : "");
  add(record.interface == no_interface ? "" : std::to_string(record.interface));
  return line + '\n';
}

result<exported> write_csv(const trace_run& run, const trace_filter& filter, output_file& file) {
  file.write("time_ns,kind,type,node,actor,peer,message,parent,batch,version,value,measured,interface\n");
  exported out;
  run.for_each(filter, [&](const trace_record& record) {
    file.write(csv_line(record, run.names()));
    ++out.records;
    return !file.failed();
  });
  if (auto done = file.commit(); !done) return done.failure();
  return out;
}

} // namespace

const export_format csv_export{"csv", "trace.csv", "Any spreadsheet opens it.", false, write_csv};

} // namespace syngrad::tools
