#include "tests/support/catch.hpp"
#include "tests/tools/sample_summary.hpp"
#include "tools/progress/text_table.hpp"
#include "tools/run_folder/summary_text.hpp"

using namespace syngrad;
using namespace syngrad::tools;

TEST_CASE("The summary's table has a row a group, and audit columns only where something was audited") {
  auto summary = test::sample_summary();
  const auto plain = format_groups(summary);
  CHECK(plain.find("audit") == std::string::npos);
  CHECK(plain.find("    0    0-1     1200  75 %     12 %      6 %        2.5   0.875   0.50  0.625  1,234,567") !=
        std::string::npos);
  summary.groups[0].audit_cosine = 0.5;
  CHECK(format_groups(summary).find("audit cos") != std::string::npos);
}

TEST_CASE("What went over links is told as bytes a sample, with what was saved, and only where there are links") {
  auto summary = test::sample_summary();
  CHECK(format_groups(summary).find("over links") == std::string::npos);
  CHECK(format_summary_json(summary).find("\"link_bytes_per_sample_up\": null") != std::string::npos);
  summary.groups[0].samples = summary.groups[1].samples = 1000;
  summary.groups[0].bytes_from_below = 3'000'000;
  summary.groups[0].bytes_from_above = 250'000;
  summary.groups[1].bytes_from_below = 1'000'000;
  CHECK(format_groups(summary).ends_with("over links, bytes a sample: 4,000 up, 250 down\n"));
  summary.groups[0].bytes_saved = 750'000;
  CHECK(format_groups(summary).ends_with(
    "over links, bytes a sample: 4,000 up, 250 down; gradients left out saved 750, 75 % of "
    "what all would take\n"));
  const auto json = format_summary_json(summary);
  for (const auto* line : {"\"link_bytes_per_sample_up\": 4000", "\"link_bytes_per_sample_down\": 250",
                           "\"link_bytes_per_sample_saved\": 750", "\"bytes_saved\": 750000"})
    CHECK(json.find(line) != std::string::npos);
}

TEST_CASE("What gradients as factors lack is told where they travelled so, a mean over the interfaces") {
  auto summary = test::sample_summary();
  summary.groups[0].samples = summary.groups[1].samples = 1000;
  summary.groups[0].bytes_from_above = summary.groups[1].bytes_from_above = 250'000;
  summary.groups[0].gradient_rank = 3;
  summary.groups[0].gradient_error = 0.06;
  summary.groups[1].gradient_rank = 8;
  summary.groups[1].gradient_error = 0.08;
  CHECK(format_groups(summary).ends_with(
    "over links, bytes a sample: 0 up, 500 down; gradients as factors of 5.5 columns, 7 % off\n"));
  const auto json = format_summary_json(summary);
  for (const auto* line : {"\"gradient_rank\": 8", "\"gradient_error\": 0.08"})
    CHECK(json.find(line) != std::string::npos);
}

TEST_CASE("What is counted of a text is its tokens") {
  auto summary = test::sample_summary();
  CHECK(format_summary_json(summary).find("\"unit\": \"samples\"") != std::string::npos);
  summary.unit = {"tokens", "token", 64};
  summary.samples_per_s = 100;
  summary.test = metric_values({{{"perplexity", "", "perplexity"}, 13.5}});
  summary.validation = {};
  summary.groups[0].samples = 1000;
  summary.groups[0].bytes_from_below = 6'400'000;
  summary.groups[0].bytes_from_above = 640'000;
  summary.groups[0].bytes_saved = 640'000;
  CHECK(format_groups(summary).ends_with(
    "over links, bytes a token: 100 up, 10 down; gradients left out saved 10, 50 % of what all would take\n"));
  CHECK(format_last_line(summary, "r") == "test perplexity 13.50, 1200 steps in 12.5 s, 6,400 tokens/s; results in r");
  const auto json = format_summary_json(summary);
  for (const auto* line : {"\"unit\": \"tokens\"", "\"units_a_sample\": 64", "\"samples_per_s\": 100",
                           "\"test_perplexity\": 13.5", "\"link_bytes_per_sample_up\": 6400"})
    CHECK(json.find(line) != std::string::npos);
}

TEST_CASE("Batches that were trained alone are shown where there are any") {
  auto summary = test::sample_summary();
  CHECK(format_groups(summary).find("alone") == std::string::npos);
  CHECK(format_last_line(summary, "r").find("alone") == std::string::npos);
  summary.groups[0].alone = 40;
  summary.groups[1].alone = 2;
  const auto table = format_groups(summary);
  CHECK(table.find("dropped  alone") != std::string::npos);
  CHECK(table.find("      3     40\n") != std::string::npos);
  CHECK(
    table.find("alone: batches that ended at the group while the network above it was away; not among the steps.") !=
    std::string::npos);
  CHECK(format_last_line(summary, "r").find("samples/s, 42 more batches trained alone; results") != std::string::npos);
}

TEST_CASE("Where updates were clipped the table of groups says how many") {
  auto summary = test::sample_summary();
  CHECK(format_groups(summary).find("clipped") == std::string::npos);
  summary.groups[1].clipped = 17;
  const auto table = format_groups(summary);
  CHECK(table.find("dropped  clipped") != std::string::npos);
  CHECK(table.find("      3       17\n") != std::string::npos);
  CHECK(table.find("clipped: updates whose gradient was scaled down to --clip-norm.") != std::string::npos);
}

TEST_CASE("What went wrong without ending the run is a line of the summary each") {
  auto summary = test::sample_summary();
  CHECK(format_groups(summary).find("warning") == std::string::npos);
  CHECK(format_summary_json(summary).find("\"warnings\": []") != std::string::npos);
  summary.warnings = {"between groups 0 and 1 it is odd", "and \"more\""};
  CHECK(format_groups(summary).ends_with("warning: between groups 0 and 1 it is odd\nwarning: and \"more\"\n"));
  CHECK(format_summary_json(summary).find("\"between groups 0 and 1 it is odd\",\n    \"and \\\"more\\\"\"") !=
        std::string::npos);
}

TEST_CASE("The summary's last line says it all") {
  auto summary = test::sample_summary();
  CHECK(format_last_line(summary, "runs/x") ==
        "test error 1.50 %, 1200 steps in 12.5 s, 24,576 samples/s; results in runs/x");
  summary.end = run_end::interrupted;
  summary.validation = test::sample_error(2);
  summary.nonfinite_skipped = 4;
  CHECK(format_last_line(summary, "r") ==
        "interrupted: test error 1.50 %, validation error 2.00 %, 1200 steps in 12.5 s, 24,576 samples/s, 4 batches "
        "skipped (NaN or Inf); results in r");
}

TEST_CASE("The summary for scripts has every key, and null for what was not measured") {
  auto summary = test::sample_summary();
  const auto json = format_summary_json(summary);
  for (const auto* line :
       {"\"end\": \"finished\"", "\"failure\": null", "\"test_error_percent\": 1.5", "\"steps\": 1200",
        "\"steps_per_s\": 96", "\"samples_per_s\": 24576", "\"wall_s\": 12.5", "\"trained_s\": 11.5",
        "\"processor_s\": 20.25", "\"joules\": null", "\"validation_error_percent\": null", "\"cosine\": 0.875",
        "\"cosine\": null", "\"layers\": \"0-1\"", "\"dropped_targets\": 3", "\"alone\": 0", "\"clipped_updates\": 0",
        "\"activation_rms\": 0.625", "\"activation_rms\": null"}) {
    INFO(line);
    CHECK(json.find(line) != std::string::npos);
  }
  summary.end = run_end::hung;
  summary.failure = "group 1 \"waits\"";
  CHECK(format_summary_json(summary).find(R"("failure": "group 1 \"waits\"")") != std::string::npos);
}

TEST_CASE("Numbers are shown as people read them") {
  CHECK(show_count(0) == "0");
  CHECK(show_count(999) == "999");
  CHECK(show_count(1000) == "1,000");
  CHECK(show_count(-1234567) == "-1,234,567");
  CHECK(show_count(-123) == "-123");
  CHECK(show_duration(75) == "1:15");
  CHECK(show_duration(3725) == "1:02:05");
  CHECK(show_duration(std::nan("")) == "-");
  CHECK(show_real(std::nan(""), 2) == "-");
  CHECK(show_percent(0.5) == "50 %");
}

TEST_CASE("The summary for scripts tells what classes are called, where that is not their number") {
  const auto summary = test::sample_summary();
  CHECK(format_summary_json(summary).find("\"classes\": null") != std::string::npos);
  const std::vector<std::string> names{"setosa", "a \"b\""};
  const auto json = format_summary_json(summary, {}, names);
  CHECK(json.find("\"classes\": [\n    \"setosa\",\n    \"a \\\"b\\\"\"\n  ]") != std::string::npos);
}
