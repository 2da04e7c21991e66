// Commands about what groups send each other: how good gradients were (gradients), how old (staleness), how large
// (bytes).
#include "tools/trace/analysis/training_analyses.hpp"
#include "tools/trace/trace_command.hpp"

#include <algorithm>
#include <cstdint>
#include <fmt/core.h>
#include <string>
#include <vector>

namespace syngrad::tools {

namespace {

// --limit, or enough for people or for programs.
int over_time_rows(const trace_request& request) {
  if (request.limit > 0) return static_cast<int>(std::min<std::int64_t>(request.limit, 100'000));
  return request.format == "table" ? 12 : 60;
}

// A table of means over time: a row a bucket, a column each for actors or interfaces.
class over_time_table {
public:
  // `begin_ns`: of the first bucket, since the run began.
  over_time_table(std::string name, std::int64_t begin_ns, std::int64_t bucket_ns)
    : table_{std::move(name), {{"from", "s", 3}}, {}}, begin_ns_(begin_ns), bucket_ns_(bucket_ns) {}

  // NaN: nothing was measured then. All series are as long as the first.
  void add(const std::string& title, int decimals, const std::vector<float>& values) {
    std::string key = title;
    std::replace(key.begin(), key.end(), ' ', '_');
    table_.columns.push_back({key, "", decimals});
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (i == table_.rows.size())
        table_.rows.push_back({static_cast<double>(begin_ns_ + bucket_ns_ * static_cast<std::int64_t>(i)) / 1e9});
      table_.rows[i].push_back(real_or_none(static_cast<double>(values[i])));
    }
  }
  const answer_table& table() const { return table_; }

private:
  answer_table table_;
  std::int64_t begin_ns_, bucket_ns_;
};

// What both tables say of an interface: how many batches, and how their gradients agree.
answer_table agreement_table(const char* name, const char* counted, answer_column last) {
  return {name,
          {{"interface", "", 0},
           {counted, "", 0},
           {"cosine", "", 3},
           {"deviation", "", 3},
           {"least", "", 3},
           {"norm_ratio", "", 3},
           std::move(last)},
          {}};
}

std::vector<cell> agreement_row(std::uint16_t interface, const quality_series& cosine, const quality_series& norm_ratio,
                                cell last) {
  return {std::int64_t{interface},
          cosine.count,
          real_or_none(cosine.mean),
          real_or_none(cosine.deviation),
          real_or_none(cosine.least),
          real_or_none(norm_ratio.mean),
          std::move(last)};
}

std::string verdict_on(const gradient_quality& each) {
  std::string verdict = each.suspicious ? "not above zero" : "";
  if (each.sizes.what == interface_fault::kind::none) return verdict;
  return verdict + (verdict.empty() ? "" : ", ") +
         (each.sizes.what == interface_fault::kind::small_predictions ? "too small" : "too large");
}

answer_table against_received(const gradient_qualities& found) {
  auto table = agreement_table("received", "batches", {"verdict", "", 0});
  for (const auto& each : found.interfaces)
    if (each.cosine.count > 0)
      table.rows.push_back(agreement_row(each.interface, each.cosine, each.norm_ratio, verdict_on(each)));
  return table;
}

answer_table activations(const gradient_qualities& found) {
  answer_table table{"activations",
                     {{"interface", "", 0}, {"batches", "", 0}, {"rms", "", 4}, {"deviation", "", 4}, {"least", "", 4}},
                     {}};
  for (const auto& each : found.interfaces)
    if (const auto& rms = each.activation_rms; rms.count > 0)
      table.rows.push_back({std::int64_t{each.interface}, rms.count, rms.mean, rms.deviation, rms.least});
  return table;
}

answer_table gate_turns(const gradient_qualities& found) {
  answer_table table{"gate", {{"interface", "", 0}, {"batch", "", 0}, {"state", "", 0}}, {}};
  for (const auto& each : found.interfaces)
    for (const auto& turn : each.gate)
      table.rows.push_back({std::int64_t{each.interface}, std::int64_t{turn.batch}, std::string(name_of(turn.state))});
  return table;
}

answer_table against_true(const gradient_qualities& found) {
  auto table = agreement_table("true", "audited", {"bias", "", 3});
  for (const auto& each : found.interfaces)
    if (each.audit_cosine.count > 0)
      table.rows.push_back(
        agreement_row(each.interface, each.audit_cosine, each.audit_norm_ratio, real_or_none(each.audit_bias.mean)));
  return table;
}

answer_table over_time(const gradient_qualities& found, const char* name, std::int64_t run_begin_ns,
                       quality_series gradient_quality::*which) {
  over_time_table table(name, found.begin_ns - run_begin_ns, found.bucket_ns);
  for (const auto& each : found.interfaces)
    if ((each.*which).count > 0) table.add("interface " + std::to_string(each.interface), 3, (each.*which).over_time);
  return table.table();
}

void add_notes(const gradient_qualities& found, answer& out) {
  const bool any = !against_received(found).rows.empty();
  if (!any)
    out.notes.push_back("No agreement was traced: this policy predicts no gradients, or the run was too short.");
  for (const auto& each : found.interfaces)
    if (each.suspicious)
      out.notes.push_back(fmt::format("Interface {}: in the last tenth of the run the mean cosine of synthetic and "
                                      "received gradients is not above zero; its updates do not descend.",
                                      each.interface));
  for (const auto& each : found.interfaces)
    if (each.sizes.what != interface_fault::kind::none)
      out.notes.push_back(
        fmt::format("Interface {}: at batch {} synthetic gradients had {:.2g} times the size of those "
                    "received, beyond {} to {} for {} comparisons in a row.",
                    each.interface, each.sizes.step, each.sizes.norm_ratio, least_norm_ratio, largest_norm_ratio,
                    interface_watch::in_a_row));
  if (any && against_true(found).rows.empty())
    out.notes.push_back("No batch was audited: true gradients are not known (syngrad train --audit).");
}

result<answer> answer_gradients(const trace_request& request) {
  const auto found = measure_gradients(request.run(), request.filter, over_time_rows(request));
  answer out;
  if (auto received = against_received(found); !received.rows.empty()) out.tables.push_back(std::move(received));
  if (auto audited = against_true(found); !audited.rows.empty()) out.tables.push_back(std::move(audited));
  if (auto sizes = activations(found); !sizes.rows.empty()) out.tables.push_back(std::move(sizes));
  if (auto turns = gate_turns(found); !turns.rows.empty()) out.tables.push_back(std::move(turns));
  const auto add = [&](const char* name, quality_series gradient_quality::*which) {
    auto table = over_time(found, name, request.run().begin_ns(), which);
    if (!table.rows.empty()) out.tables.push_back(std::move(table));
  };
  add("cosine_over_time", &gradient_quality::cosine);
  add("norm_ratio_over_time", &gradient_quality::norm_ratio);
  add("true_cosine_over_time", &gradient_quality::audit_cosine);
  add("true_norm_ratio_over_time", &gradient_quality::audit_norm_ratio);
  add("bias_over_time", &gradient_quality::audit_bias);
  add("activations_over_time", &gradient_quality::activation_rms);
  add_notes(found, out);
  return out;
}

} // namespace

const trace_command gradients_command{
  "gradients",
  "RUN",
  "whether the predictions were any good: synthetic gradients against received and true ones",
  "  received   agreement of the synthetic gradient with what came from above later (which rests on a prediction "
  "itself,\n"
  "             but at the top interface); deviation and least: of the cosine; norm_ratio: |synthetic| / |received|;\n"
  "             verdict: 'not above zero' where the mean cosine of the last tenth of the run is zero or less;\n"
  "             'too small', 'too large' where norm_ratio left 0.01 to 100 for 16 comparisons in a row\n"
  "  true       the same against the true gradient of audited batches; bias: |sum over rows of (synthetic - true)|\n"
  "             over |true| sqrt(rows): 1 is what independent errors as large as the gradient give\n"
  "  activations  root mean square of what was sent up\n"
  "  gate       with --policy gated: from which batch on an interface predicted, corrected or waited\n"
  "  over time  means, a column an interface; --limit: so many rows",
  1,
  1,
  true,
  answer_gradients};

namespace {

cell interface_of(const staleness_of_group& group) {
  if (group.interface == no_interface) return {};
  return std::int64_t{group.interface};
}

answer_table summary_of(const staleness_result& found) {
  answer_table table{"groups",
                     {{"group", "", 0},
                      {"interface", "", 0},
                      {"updates", "", 0},
                      {"mean_versions", "", 2},
                      {"largest_versions", "", 0},
                      {"mean_batches", "", 2},
                      {"age_p50", "ms", 3},
                      {"age_p99", "ms", 3},
                      {"age_max", "ms", 3}},
                     {}};
  for (const auto& each : found.groups)
    table.rows.push_back({each.name, interface_of(each), each.updates, each.mean_versions, each.largest_versions,
                          each.mean_batches, each.age.quantile(0.5) / 1e6, each.age.quantile(0.99) / 1e6,
                          static_cast<double>(each.age.largest()) / 1e6});
  return table;
}

answer_table histogram_of(const staleness_result& found) {
  answer_table table{
    "histogram",
    {{"group", "", 0}, {"versions", "", 0}, {"updates", "", 0}, {"share", "share", 1}, {"bar", "bar", 0}},
    {}};
  for (const auto& each : found.groups) {
    std::int64_t all = 0;
    for (const auto& [versions, updates] : each.versions) all += updates;
    for (const auto& [versions, updates] : each.versions) {
      const double share = static_cast<double>(updates) / static_cast<double>(all);
      table.rows.push_back({each.name, versions, updates, share, share});
    }
  }
  return table;
}

result<answer> answer_staleness(const trace_request& request) {
  const auto found = measure_staleness(request.run(), request.filter, over_time_rows(request));
  over_time_table over_time("over_time", found.begin_ns - request.run().begin_ns(), found.bucket_ns);
  std::int64_t updates = 0;
  for (const auto& each : found.groups) {
    over_time.add(each.name, 2, each.versions_over_time);
    updates += each.updates;
  }
  answer out;
  out.tables = {summary_of(found), histogram_of(found), over_time.table()};
  if (updates == 0) out.notes.push_back("No update was traced in what you asked for.");
  return out;
}

} // namespace

const trace_command staleness_command{
  "staleness",
  "RUN",
  "how old gradients were when they moved weights: in versions, batches and milliseconds",
  "  groups     interface: above the group; versions: updates of the group's weights between the batch's forward pass\n"
  "             and its own update; batches: others that the group began meanwhile; age: from the begin of the "
  "forward\n"
  "             pass to the update\n"
  "  histogram  how many updates were so many versions old\n"
  "  over_time  mean versions, a column a group; --limit: so many rows",
  1,
  1,
  true,
  answer_staleness};

namespace {

constexpr double mebi = 1024.0 * 1024.0;

cell per_unit(const traffic_amount& amount, const traffic& all) {
  if (all.counted == 0) return {};
  return static_cast<double>(amount.training_bytes) / static_cast<double>(all.counted);
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
                      {"bytes_per_" + found.unit.one, "", 1},
                      {"share", "share", 1}},
                     {}};
  std::int64_t all = 0;
  for (const auto& [key, amount] : found.by_interface) all += amount.bytes;
  for (const auto& [key, amount] : found.by_interface)
    if (amount.bytes > 0)
      table.rows.push_back({std::int64_t{key.first}, std::string(name_of(key.second)), amount.messages,
                            static_cast<double>(amount.bytes) / mebi, per_message(amount), per_unit(amount, found),
                            share_of(amount, all)});
  return table;
}

answer_table matrix_of(const traffic& found, const trace_names& names) {
  answer_table table{"matrix",
                     {{"from", "", 0},
                      {"to", "", 0},
                      {"messages", "", 0},
                      {"sent", "MiB", 2},
                      {"bytes_per_" + found.unit.one, "", 1},
                      {"share", "share", 1}},
                     {}};
  std::int64_t all = 0;
  for (const auto& [pair, amount] : found.by_pair) all += amount.bytes;
  for (const auto& [pair, amount] : found.by_pair)
    if (amount.bytes > 0)
      table.rows.push_back({names.title_of(pair.first), names.title_of(pair.second), amount.messages,
                            static_cast<double>(amount.bytes) / mebi, per_unit(amount, found), share_of(amount, all)});
  return table;
}

result<answer> answer_bytes(const trace_request& request) {
  const auto found = measure_traffic(request.run(), request.filter);
  answer out;
  out.tables = {interfaces_of(found), matrix_of(found, request.run().names())};
  if (found.counted == 0)
    out.notes.push_back("How many " + found.unit.name +
                        " these bytes are for is not known: no batch reached the loss, or the trace does not say its "
                        "batch size.");
  else
    out.notes.push_back(fmt::format("Trained on meanwhile: {} {}.", found.counted, found.unit.name));
  return out;
}

} // namespace

const trace_command bytes_command{
  "bytes",
  "RUN",
  "what went over each interface and between actors, in bytes, and per sample or token",
  "  by_interface  messages with tensors over each interface, by type. Sizes are those of the tensors (in one process "
  "only\n"
  "                handles to them move); between nodes, what the links wrote\n"
  "  matrix        from whom to whom, where any bytes went; of all messages, also those that belong to no interface\n"
  "  per sample    what belongs to batches that are trained on, divided by the samples, of a text the tokens, whose\n"
  "                batch reached the loss meanwhile",
  1,
  1,
  true,
  answer_bytes};

} // namespace syngrad::tools
