// The list of formats, and those of text with a line a record: CSV, JSON.
#include "tools/trace/export/export_format.hpp"

#include "runtime/io/json_writer.hpp"
#include "runtime/text.hpp"
#include "runtime/trace/trace_vocabulary.hpp"
#include "tools/trace/record_text.hpp"

#include <array>
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

std::string facts_of(const trace_names& names) {
  json_writer json(0);
  json.begin_object();
  for (const auto& [key, value] : names.facts) json.key(key).text(value);
  json.end_object();
  return json.str();
}

std::string actors_of(const trace_names& names) {
  json_writer json(0);
  json.begin_array();
  for (const auto& [id, actor] : names.actors) {
    json.begin_object();
    json.key("id").number(std::int64_t{id}).key("node").number(std::int64_t{node_of(id)});
    json.key("role").text(name_of(actor.role)).key("index").number(std::int64_t{actor.index});
    json.key("title").text(actor.title).end_object();
  }
  json.end_array();
  return json.str();
}

std::string json_line(const trace_record& record, const trace_names& names) {
  json_writer json(0);
  json.begin_object();
  json.key("time_ns").number(record.time_ns).key("kind").text(name_of(record.kind));
  if (const auto type = type_of(record); !type.empty()) json.key("type").text(type);
  json.key("actor").text(names.title_of(record.actor));
  if (const auto peer = peer_of(record, names); !peer.empty()) json.key("peer").text(peer);
  json.key("message").text(std::to_string(record.message)).key("parent").text(std::to_string(record.parent));
  if (has_batch(record)) json.key("batch").number(std::int64_t{record.batch});
  json.key("version").number(std::int64_t{record.version});
  if (record.kind == record_kind::metric)
    json.key("measured").number(static_cast<double>(record.measured()));
  else
    json.key("value").number(std::int64_t{record.value});
  if (record.interface != no_interface) json.key("interface").number(std::int64_t{record.interface});
  json.end_object();
  return json.str();
}

result<exported> write_json(const trace_run& run, const trace_filter& filter, output_file& file) {
  file.write("{\"facts\": " + facts_of(run.names()) + ",\n\"actors\": " + actors_of(run.names()) + ",\n\"records\": [");
  exported out;
  run.for_each(filter, [&](const trace_record& record) {
    file.write((out.records++ ? ",\n" : "\n") + json_line(record, run.names()));
    return !file.failed();
  });
  file.write("\n],\n\"lost_records\": " + std::to_string(run.lost()) + "}\n");
  if (auto done = file.commit(); !done) return done.failure();
  return out;
}

} // namespace

std::span<const export_format* const> export_formats() {
  static constexpr std::array registry{&perfetto_export, &sqlite_export, &csv_export, &json_export};
  return registry;
}

const export_format csv_export{"csv", "trace.csv", "Any spreadsheet opens it.", false, write_csv};

const export_format json_export{"json", "trace.json", "Any JSON reader takes it; a record is a line.", false,
                                write_json};

} // namespace syngrad::tools
