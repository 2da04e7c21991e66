#include "tests/trace/pipeline_trace.hpp"

#include <stdexcept>

namespace syngrad::test {

namespace {

trace_builder::details of(std::uint64_t parent, std::uint32_t batch, std::uint32_t bytes, std::uint16_t ring) {
  trace_builder::details more;
  more.parent = parent;
  more.batch = batch;
  more.bytes = bytes;
  more.ring = ring;
  return more;
}

trace_record handling(record_kind kind, std::int64_t time_ns, std::uint32_t actor, trace_message type) {
  trace_record record;
  record.time_ns = time_ns;
  record.actor = actor;
  record.batch = no_trace_batch;
  record.interface = no_interface;
  record.kind = kind;
  record.type = static_cast<std::uint8_t>(type);
  return record;
}

} // namespace

pipeline_trace::pipeline_trace(std::uint32_t sample) : builder(0, sample) {
  constexpr auto input = waiting_reason::input, credit = waiting_reason::credit;
  builder.names().threads[{0, 0}] = "worker 0";
  builder.names().threads[{0, 1}] = "worker 1";
  builder.fact("policy", "synthetic");
  builder.add(handling(record_kind::begin, at(0), source, trace_message::train));
  a1 = builder.send(at(40), source, group_0, trace_message::activation, of(0, 1, 1000, 0));
  a2 = builder.send(at(90), source, group_0, trace_message::activation, of(0, 2, 1000, 0));
  auto trained = handling(record_kind::end, at(100), source, trace_message::train);
  trained.value = static_cast<std::uint32_t>(credit);
  builder.add(trained);
  b1 = builder.send(at(250), group_0, group_1, trace_message::activation, of(a1, 1, 500, 0));
  builder.handle(a1, at(100), at(300), input);
  b2 = builder.send(at(450), group_0, group_1, trace_message::activation, of(a2, 2, 500, 0));
  builder.handle(a2, at(300), at(500), input);
  g1 = builder.send(at(350), group_1, group_0, trace_message::gradient, of(b1, 1, 500, 1));
  auto update = handling(record_kind::update, at(380), group_1, trace_message::other);
  update.message = update.parent = b1;
  update.batch = 1;
  update.version = 1;
  update.value = no_predictor_version;
  update.type = static_cast<std::uint8_t>(applied_gradient::truth);
  builder.add(update, 1);
  builder.handle(b1, at(300), at(400), input, 0, 1, 1);
  g2 = builder.send(at(750), group_1, group_0, trace_message::gradient, of(b2, 2, 500, 1));
  builder.handle(b2, at(500), at(800), input, 1, 1, 1);
  c1 = builder.send(at(550), group_0, source, trace_message::credit, of(g1, no_trace_batch, 0, 0));
  builder.handle(g1, at(500), at(600), credit);
  builder.handle(c1, at(600), at(640), credit);
  builder.handle(g2, at(900), at(1000), input);
}

tools::trace_request request_for(const std::string& folder, std::vector<std::string> words) {
  auto run = tools::trace_run::open(folder);
  if (!run) throw std::runtime_error(run.message());
  tools::trace_request request;
  request.runs.push_back(std::move(*run));
  request.folders.push_back(folder);
  request.words = std::move(words);
  return request;
}

std::string text_of(const tools::cell& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return std::to_string(*whole);
  char text[40] = "";
  if (const auto* real = std::get_if<double>(&value)) std::snprintf(text, sizeof text, "%.9g", *real);
  return text;
}

std::string cell_of(const tools::answer_table& table, const std::string& row, const std::string& column) {
  for (const auto& cells : table.rows)
    for (std::size_t i = 0; i < table.columns.size(); ++i)
      if (text_of(cells.front()) == row && table.columns[i].title == column) return text_of(cells[i]);
  throw std::out_of_range("no row " + row + " with a column " + column);
}

} // namespace syngrad::test
