#include "tools/trace/analysis/training_analyses.hpp"
#include "tools/trace/trace_command.hpp"

#include <algorithm>

namespace syngrad::tools {

namespace {

constexpr double mebi = 1024.0 * 1024.0;

cell per_sample(const traffic_amount& amount, const traffic& all) {
  if (all.samples == 0) return {};
  return static_cast<double>(amount.bytes) / static_cast<double>(all.samples);
}

cell per_message(const traffic_amount& amount) {
  if (amount.messages == 0) return {};
  return static_cast<double>(amount.bytes) / static_cast<double>(amount.messages);
}

double share_of(const traffic_amount& amount, std::int64_t bytes) {
  return bytes > 0 ? static_cast<double>(amount.bytes) / static_cast<double>(bytes) : 0;
}

answer_table interfaces_of(const traffic& found) {
  answer_table table{"by_interface",
                     {{"interface", "", 0},
                      {"type", "", 0},
                      {"messages", "", 0},
                      {"sent", "MiB", 2},
                      {"bytes_per_message", "", 0},
                      {"bytes_per_sample", "", 1},
                      {"share", "share", 1}},
                     {}};
  std::int64_t all = 0;
  for (const auto& [key, amount] : found.by_interface) all += amount.bytes;
  for (const auto& [key, amount] : found.by_interface)
    if (amount.bytes > 0)
      table.rows.push_back({std::int64_t{key.first}, std::string(name_of(key.second)), amount.messages,
                            static_cast<double>(amount.bytes) / mebi, per_message(amount), per_sample(amount, found),
                            share_of(amount, all)});
  return table;
}

answer_table matrix_of(const traffic& found, const trace_names& names) {
  answer_table table{"matrix",
                     {{"from", "", 0},
                      {"to", "", 0},
                      {"messages", "", 0},
                      {"sent", "MiB", 2},
                      {"bytes_per_sample", "", 1},
                      {"share", "share", 1}},
                     {}};
  std::int64_t all = 0;
  for (const auto& [pair, amount] : found.by_pair) all += amount.bytes;
  for (const auto& [pair, amount] : found.by_pair)
    if (amount.bytes > 0)
      table.rows.push_back({names.title_of(pair.first), names.title_of(pair.second), amount.messages,
                            static_cast<double>(amount.bytes) / mebi, per_sample(amount, found),
                            share_of(amount, all)});
  return table;
}

result<answer> answer_bytes(const trace_request& request) {
  const auto found = measure_traffic(request.run(), request.filter);
  answer out;
  out.tables = {interfaces_of(found), matrix_of(found, request.run().names())};
  if (found.samples == 0)
    out.notes.push_back(
      "How many samples these bytes are for is not known: no batch reached the loss, or the trace does "
      "not say its batch size.");
  else
    out.notes.push_back("Trained on meanwhile: " + std::to_string(found.samples) + " samples.");
  return out;
}

} // namespace

const trace_command bytes_command{
  "bytes",
  "RUN",
  "what went over each interface and between actors, in bytes, and per sample",
  "  by_interface  messages with tensors over each interface, by type. Sizes are those of the tensors (in one process "
  "only\n"
  "                handles to them move); between nodes, what the links wrote\n"
  "  matrix        from whom to whom, where any bytes went; of all messages, also those that belong to no interface\n"
  "  per sample    divided by the samples whose batch reached the loss meanwhile",
  1,
  1,
  true,
  answer_bytes};

} // namespace syngrad::tools
