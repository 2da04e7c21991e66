#include "tools/trace/analysis/gradient_quality.hpp"
#include "tools/trace/commands/commands.hpp"
#include "tools/trace/commands/over_time_table.hpp"

namespace syngrad::tools {

namespace {

answer_table against_received(const gradient_qualities& found) {
  answer_table table{"received",
                     {{"interface", "", 0},
                      {"batches", "", 0},
                      {"cosine", "", 3},
                      {"deviation", "", 3},
                      {"least", "", 3},
                      {"norm_ratio", "", 3},
                      {"verdict", "", 0}},
                     {}};
  for (const auto& each : found.interfaces)
    table.rows.push_back({std::int64_t{each.interface}, each.cosine.count, real_or_none(each.cosine.mean),
                          real_or_none(each.cosine.deviation), real_or_none(each.cosine.least),
                          real_or_none(each.norm_ratio.mean), std::string(each.suspicious ? "not above zero" : "")});
  return table;
}

answer_table against_true(const gradient_qualities& found) {
  answer_table table{"true",
                     {{"interface", "", 0},
                      {"audited", "", 0},
                      {"cosine", "", 3},
                      {"deviation", "", 3},
                      {"least", "", 3},
                      {"norm_ratio", "", 3},
                      {"bias", "", 3}},
                     {}};
  for (const auto& each : found.interfaces)
    if (each.audit_cosine.count > 0)
      table.rows.push_back({std::int64_t{each.interface}, each.audit_cosine.count, real_or_none(each.audit_cosine.mean),
                            real_or_none(each.audit_cosine.deviation), real_or_none(each.audit_cosine.least),
                            real_or_none(each.audit_norm_ratio.mean), real_or_none(each.audit_bias.mean)});
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
  if (found.interfaces.empty())
    out.notes.push_back("No agreement was traced: this policy predicts no gradients, or the run was too short.");
  for (const auto& each : found.interfaces)
    if (each.suspicious)
      out.notes.push_back("Interface " + std::to_string(each.interface) +
                          ": in the last tenth of the run the mean cosine of synthetic and received gradients is not "
                          "above zero; its updates do not descend.");
  if (!found.interfaces.empty() && against_true(found).rows.empty())
    out.notes.push_back("No batch was audited: true gradients are not known (syngrad train --audit).");
}

result<answer> answer_gradients(const trace_request& request) {
  const auto found = measure_gradients(request.run(), request.filter, over_time_rows(request));
  answer out;
  out.tables.push_back(against_received(found));
  if (auto audited = against_true(found); !audited.rows.empty()) out.tables.push_back(std::move(audited));
  const auto add = [&](const char* name, quality_series gradient_quality::*which) {
    auto table = over_time(found, name, request.run().begin_ns(), which);
    if (!table.rows.empty()) out.tables.push_back(std::move(table));
  };
  add("cosine_over_time", &gradient_quality::cosine);
  add("norm_ratio_over_time", &gradient_quality::norm_ratio);
  add("true_cosine_over_time", &gradient_quality::audit_cosine);
  add("true_norm_ratio_over_time", &gradient_quality::audit_norm_ratio);
  add("bias_over_time", &gradient_quality::audit_bias);
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
  "             verdict: 'not above zero' where the mean cosine of the last tenth of the run is zero or less\n"
  "  true       the same against the true gradient of audited batches; bias: |sum over rows of (synthetic - true)|\n"
  "             over |true| sqrt(rows): 1 is what independent errors as large as the gradient give\n"
  "  over time  means, a column an interface; --limit: so many rows",
  1,
  1,
  true,
  answer_gradients};

} // namespace syngrad::tools
