#include "tools/trace/answer.hpp"

#include "runtime/io/json_writer.hpp"
#include "runtime/text.hpp"
#include "tools/progress/text_table.hpp"

#include <cmath>
#include <fmt/core.h>

namespace syngrad::tools {

namespace {

std::string bar(double share) {
  constexpr int width = 20;
  const auto eighths = static_cast<int>(std::lround(std::min(std::max(share, 0.0), 1.0) * width * 8));
  static constexpr const char* parts[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  std::string text;
  for (int i = 0; i < eighths / 8; ++i) text += "█";
  text += parts[eighths % 8];
  const int drawn = eighths / 8 + (eighths % 8 != 0);
  return text + std::string(static_cast<std::size_t>(width - drawn), ' ');
}

std::string key_of(const answer_column& column) {
  const bool plain = column.unit.empty() || column.unit == "share" || column.unit == "bar";
  return plain ? column.title : column.title + "_" + column.unit;
}

std::string full(double value) {
  char text[40];
  std::snprintf(text, sizeof text, "%.9g", value);
  return text;
}

std::string csv_cell(const cell& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return csv_field(*text);
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return std::to_string(*whole);
  const auto* real = std::get_if<double>(&value);
  return real && std::isfinite(*real) ? full(*real) : "";
}

void write_cell(json_writer& json, const cell& value) {
  if (const auto* text = std::get_if<std::string>(&value))
    json.text(*text);
  else if (const auto* whole = std::get_if<std::int64_t>(&value))
    json.number(*whole);
  else if (const auto* real = std::get_if<double>(&value))
    json.number(*real);
  else
    json.null();
}

} // namespace

std::string cell_text(const cell& value, const answer_column& column) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return show_count(*whole);
  if (const auto* real = std::get_if<double>(&value)) {
    if (column.unit == "share") return show_percent(*real, column.decimals);
    if (column.unit == "bar") return bar(*real);
    return show_real(*real, column.decimals);
  }
  return "-";
}

std::string column_heading(const answer_column& column) {
  const bool plain = column.unit.empty() || column.unit == "share" || column.unit == "bar";
  std::string title = column.title;
  for (auto& c : title)
    if (c == '_') c = ' ';
  return plain ? title : title + ", " + column.unit;
}

std::string format_table(const answer& what, const answer_context& context) {
  std::string out = what.text;
  for (const auto& table : what.tables) {
    if (!out.empty()) out += '\n';
    if (what.tables.size() > 1 && !table.name.empty()) out += table.name + '\n';
    std::vector<std::string> titles;
    for (const auto& column : table.columns) titles.push_back(column_heading(column));
    text_table text(titles);
    for (const auto& row : table.rows) {
      std::vector<std::string> cells;
      for (std::size_t i = 0; i < row.size(); ++i) cells.push_back(cell_text(row[i], table.columns[i]));
      text.add(std::move(cells));
    }
    out += text.str();
  }
  return out + (out.empty() ? "" : "\n") + format_remarks(what, context);
}

std::string format_remarks(const answer& what, const answer_context& context) {
  std::string out;
  for (const auto& note : what.notes) out += note + '\n';
  out += (out.empty() ? "" : "\n") + show_count(static_cast<std::int64_t>(context.records)) + " records, " +
         show_count(static_cast<std::int64_t>(context.lost)) + " lost";
  if (context.sample > 1) out += fmt::format("; a sample: one batch in {}", context.sample);
  return out + '\n';
}

std::string format_csv(const answer_table& table) {
  std::string out;
  for (std::size_t i = 0; i < table.columns.size(); ++i) out += (i ? "," : "") + csv_field(key_of(table.columns[i]));
  out += '\n';
  for (const auto& row : table.rows) {
    for (std::size_t i = 0; i < row.size(); ++i) out += (i ? "," : "") + csv_cell(row[i]);
    out += '\n';
  }
  return out;
}

std::string format_json(const answer& what, const answer_context& context) {
  json_writer json;
  json.begin_object().key("tables").begin_object();
  for (const auto& table : what.tables) {
    json.key(table.name).begin_array();
    for (const auto& row : table.rows) {
      json.begin_object();
      for (std::size_t i = 0; i < row.size(); ++i) {
        json.key(key_of(table.columns[i]));
        write_cell(json, row[i]);
      }
      json.end_object();
    }
    json.end_array();
  }
  json.end_object().key("notes").begin_array();
  for (const auto& note : what.notes) json.text(note);
  json.end_array();
  json.key("records").number(static_cast<std::int64_t>(context.records));
  json.key("lost_records").number(static_cast<std::int64_t>(context.lost));
  json.key("sample").number(static_cast<std::int64_t>(context.sample));
  json.end_object();
  return json.str() + '\n';
}

} // namespace syngrad::tools
