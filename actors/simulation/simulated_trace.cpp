#include "actors/simulation/simulated_trace.hpp"

#include <cmath>
#include <utility>

namespace syngrad {

namespace {

constexpr std::size_t records_a_chunk = 4096;
constexpr std::int64_t begin_ns = 1'000'000'000;

} // namespace

result<simulated_trace> simulated_trace::create(const std::string& folder,
                                                const std::vector<trace_names::actor>& actors,
                                                const std::map<std::string, std::string>& facts) {
  trace_names names;
  names.facts = facts;
  for (std::size_t i = 0; i < actors.size(); ++i) {
    names.actors[id_of(static_cast<int>(i))] = actors[i];
    names.threads[{0, static_cast<std::uint16_t>(i)}] = actors[i].title;
  }
  trace_file_header header;
  header.run_id = 1;
  auto writer = trace_writer::create({.folder = folder, .header = header}, names);
  if (!writer) return writer.failure();
  return simulated_trace(std::move(*writer), actors.size());
}

void simulated_trace::add(int actor, double at_s, trace_record record) {
  record.time_ns = begin_ns + std::llround(at_s * 1e9);
  record.actor = id_of(actor);
  const auto number = static_cast<std::size_t>(actor);
  rings_[number].records.push_back(record);
  if (rings_[number].records.size() == records_a_chunk) flush(number);
}

void simulated_trace::flush(std::size_t number) {
  auto& of = rings_[number];
  if (of.records.empty()) return;
  const auto appended = writer_.append(static_cast<std::uint16_t>(number), of.written, 0, of.records);
  if (!appended && first_failure_) first_failure_ = appended;
  of.written += of.records.size();
  of.records.clear();
}

status simulated_trace::close() {
  for (std::size_t i = 0; i < rings_.size(); ++i) flush(i);
  const auto finished = writer_.finish(0);
  return first_failure_ ? finished : first_failure_;
}

} // namespace syngrad
