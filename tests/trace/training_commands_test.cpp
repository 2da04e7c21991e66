// The commands about training: what their tables say of pipelines with known numbers, and how they refuse.
#include "tests/runtime/io/temporary_folder.hpp"
#include "tests/support/catch.hpp"
#include "tests/trace/hand_made_pipelines.hpp"

#include "tools/trace/analysis/bootstrap.hpp"
#include "tools/trace/commands/commands.hpp"

#include <algorithm>
#include <memory>

using namespace syngrad;
using namespace syngrad::test;
using namespace syngrad::tools;

namespace {

// Folders of traces, and requests about them.
class asked_traces {
public:
  explicit asked_traces(const std::vector<const trace_builder*>& traces) {
    for (const auto* trace : traces) {
      folders_.push_back(std::make_unique<temporary_folder>());
      trace->write(folders_.back()->path());
      auto run = trace_run::open(folders_.back()->path());
      REQUIRE(run);
      request.folders.push_back(folders_.back()->path());
      request.runs.push_back(std::move(*run));
    }
  }
  trace_request request;

private:
  std::vector<std::unique_ptr<temporary_folder>> folders_;
};

answer answer_of(const trace_command& command, const trace_request& request) {
  auto found = command.run(request);
  if (!found) FAIL(found.message());
  for (const auto& table : found->tables)
    for (const auto& row : table.rows) REQUIRE(row.size() == table.columns.size());
  return std::move(*found);
}

const answer_table& table_of(const answer& from, const std::string& name) {
  const auto found =
    std::find_if(from.tables.begin(), from.tables.end(), [&](auto& each) { return each.name == name; });
  if (found == from.tables.end()) FAIL("no table " << name);
  return *found;
}

// The cell of the row that begins with these texts or numbers.
cell cell_of(const answer_table& table, const std::vector<cell>& row_begin, const std::string& column) {
  const auto at =
    std::find_if(table.columns.begin(), table.columns.end(), [&](auto& each) { return each.title == column; });
  const auto row = std::find_if(table.rows.begin(), table.rows.end(), [&](auto& each) {
    return std::equal(row_begin.begin(), row_begin.end(), each.begin());
  });
  if (at == table.columns.end() || row == table.rows.end()) FAIL("no such cell in " << table.name << ": " << column);
  return (*row)[static_cast<std::size_t>(at - table.columns.begin())];
}

double real(const cell& value) {
  return std::get<double>(value);
}

std::int64_t whole(const cell& value) {
  return std::get<std::int64_t>(value);
}

cell text(const char* value) {
  return std::string(value);
}

cell number(std::int64_t value) {
  return value;
}

std::string refusal(const trace_command& command, const trace_request& request) {
  const auto found = command.run(request);
  REQUIRE_FALSE(found);
  return found.message();
}

} // namespace

TEST_CASE("path shows a batch's path by category, by actor and step by step") {
  const decoupled_pipeline pipeline(3);
  asked_traces asked({&pipeline.trace});
  asked.request.filter.batches = {1, 1};
  const auto found = answer_of(path_command, asked.request);
  REQUIRE(real(cell_of(table_of(found, "by_category"), {text("compute")}, "time")) == Approx(500e-6));
  REQUIRE(real(cell_of(table_of(found, "by_category"), {text("queue")}, "share")) == Approx(200.0 / 700));
  REQUIRE(real(cell_of(table_of(found, "by_actor"), {text("group 0")}, "on_path")) == Approx(250e-6));
  const auto& steps = table_of(found, "steps");
  REQUIRE(steps.rows.size() == 4);
  REQUIRE(real(steps.rows[3][1]) == Approx(350e-6)); // the top group, up to its update
  REQUIRE(steps.rows[3][3] == text("group 1"));
  REQUIRE(steps.rows[3][4] == text("activation"));
  asked.request.limit = 2;
  const auto fewer = answer_of(path_command, asked.request);
  REQUIRE(table_of(fewer, "steps").rows.size() == 2);
  REQUIRE_THAT(fewer.notes.at(0), Catch::Contains("2 longest of 4"));
}

TEST_CASE("path and locks refuse what would tear the order of events apart") {
  const decoupled_pipeline pipeline(3);
  asked_traces asked({&pipeline.trace});
  asked.request.filter.batches = {0, 2};
  REQUIRE_THAT(refusal(path_command, asked.request), Catch::Contains("--batch"));
  asked.request.filter.batches.reset();
  asked.request.filter.actors = {pipeline.top};
  REQUIRE_THAT(refusal(path_command, asked.request), Catch::Contains("--from"));
  REQUIRE_THAT(refusal(locks_command, asked.request), Catch::Contains("--from"));
  asked.request.filter.actors.clear();
  asked.request.filter.batches = {9, 9};
  REQUIRE_THAT(refusal(path_command, asked.request), Catch::Contains("batch 9") && Catch::Contains("0 to 2"));
}

TEST_CASE("staleness shows each group's ages, their histogram, and how they changed") {
  const decoupled_pipeline pipeline(6);
  asked_traces asked({&pipeline.trace});
  asked.request.limit = 3;
  const auto found = answer_of(staleness_command, asked.request);
  REQUIRE(real(cell_of(table_of(found, "groups"), {text("group 0")}, "mean_versions")) == 1.0);
  REQUIRE(real(cell_of(table_of(found, "groups"), {text("group 0")}, "age_p50")) == Approx(400e-6).epsilon(0.01));
  REQUIRE(cell_of(table_of(found, "groups"), {text("group 1")}, "interface") == cell{});
  REQUIRE(whole(cell_of(table_of(found, "histogram"), {text("group 0"), number(2)}, "updates")) == 2);
  REQUIRE(table_of(found, "over_time").rows.size() == 3);
  REQUIRE(real(table_of(found, "over_time").rows[2][1]) == 1.5);
  asked.request.filter.batches = {2, 2};
  const auto one = answer_of(staleness_command, asked.request);
  REQUIRE(whole(cell_of(table_of(one, "groups"), {text("group 0")}, "updates")) == 1);
  REQUIRE(real(cell_of(table_of(one, "groups"), {text("group 0")}, "mean_versions")) == 2.0);
}

TEST_CASE("gradients shows the agreement, and warns of an interface at or below zero") {
  decoupled_pipeline pipeline(40);
  trace_record wrong;
  wrong.actor = pipeline.below;
  wrong.interface = 3;
  wrong.kind = record_kind::metric;
  wrong.type = static_cast<std::uint8_t>(trace_measure::cosine);
  for (wrong.time_ns = 1500; wrong.time_ns < 40'000; wrong.time_ns += 500) pipeline.trace.add(wrong, 7); // 0
  asked_traces asked({&pipeline.trace});
  const auto found = answer_of(gradients_command, asked.request);
  const auto& received = table_of(found, "received");
  REQUIRE(real(cell_of(received, {number(0)}, "cosine")) == Approx(0.55).epsilon(1e-6));
  REQUIRE(real(cell_of(received, {number(0)}, "norm_ratio")) == 2.0);
  REQUIRE(cell_of(received, {number(0)}, "verdict") == text(""));
  REQUIRE(cell_of(received, {number(3)}, "verdict") == text("not above zero"));
  REQUIRE(found.notes.size() == 2);
  REQUIRE_THAT(found.notes[0], Catch::Contains("Interface 3"));
  REQUIRE_THAT(found.notes[1], Catch::Contains("--audit"));
}

TEST_CASE("bytes shows interfaces, and a matrix from whom to whom") {
  const decoupled_pipeline pipeline(5);
  asked_traces asked({&pipeline.trace});
  const auto found = answer_of(bytes_command, asked.request);
  REQUIRE(real(cell_of(table_of(found, "by_interface"), {number(0), text("gradient")}, "bytes_per_sample")) ==
          1500.0 / 40);
  REQUIRE(real(cell_of(table_of(found, "by_interface"), {number(0), text("target")}, "share")) == Approx(400.0 / 1300));
  REQUIRE(whole(cell_of(table_of(found, "matrix"), {text("group 0"), text("predictor 0")}, "messages")) == 10);
  REQUIRE(real(cell_of(table_of(found, "matrix"), {text("source"), text("group 0")}, "bytes_per_sample")) == 12.5);
  REQUIRE(table_of(found, "matrix").rows.size() == 5); // without credits and batch_done, which carry none
}

TEST_CASE("locks shows the replay beside the run") {
  const decoupled_pipeline pipeline(8);
  asked_traces asked({&pipeline.trace});
  const auto found = answer_of(locks_command, asked.request);
  // forward 150, backward 100, at the top 350; two hops of 40 each: what the gradient takes from the end of the top's
  // handler on (before an activation's, the predictor's handler begins)
  REQUIRE(real(cell_of(table_of(found, "a_batch"), {text("measured")}, "time")) == Approx(1000e-6));
  REQUIRE(real(cell_of(table_of(found, "a_batch"), {text("locked")}, "time")) == Approx(680e-6));
  REQUIRE(real(cell_of(table_of(found, "groups"), {text("group 1")}, "backward")) == Approx(350e-6));
  REQUIRE_THAT(found.text, Catch::Contains("no update lock was avoided"));
}

TEST_CASE("why explains an update by its batch, its age, its gradient and its messages") {
  const decoupled_pipeline pipeline(6);
  asked_traces asked({&pipeline.trace});
  asked.request.words = {"group", "0", "6"}; // of batch 5
  const auto found = answer_of(why_command, asked.request);
  REQUIRE_THAT(found.text, Catch::Contains("Update 6 of group 0") && Catch::Contains("synthetic gradient of batch 5"));
  REQUIRE_THAT(found.text, Catch::Contains("weights of version 5") && Catch::Contains("2 updates came in between"));
  REQUIRE_THAT(found.text, Catch::Contains("predictor 0 made the gradient with version 15"));
  REQUIRE_THAT(found.text, Catch::Contains("is 0.600; its norm is 2.00 times"));
  const auto& facts = table_of(found, "update");
  REQUIRE(whole(cell_of(facts, {text("batch")}, "value")) == 5);
  REQUIRE(real(cell_of(facts, {text("activation_age_ms")}, "value")) == Approx(250e-6));
  const auto& chain = table_of(found, "chain");
  REQUIRE(chain.rows.size() == 3);
  REQUIRE(chain.rows[0][1] == text("activation"));
  REQUIRE(chain.rows[0][2] == text("source"));
  REQUIRE(real(chain.rows[0][0]) == Approx(-500e-6));
  REQUIRE(chain.rows[1][1] == text("predict"));
  REQUIRE(chain.rows[2][1] == text("synthetic_gradient"));
  REQUIRE(real(chain.rows[2][5]) == Approx(30e-6));
}

TEST_CASE("why tells an update from the residuals that it carried") {
  decoupled_pipeline pipeline(6);
  trace_record residual; // of batch 1, applied with the update to version 4
  residual.time_ns = 2950;
  residual.actor = pipeline.below;
  residual.batch = 1;
  residual.version = 4;
  residual.kind = record_kind::update;
  residual.type = static_cast<std::uint8_t>(applied_gradient::residual);
  pipeline.trace.add(residual, 1);
  asked_traces asked({&pipeline.trace});
  asked.request.words = {"0", "4"};
  const auto found = answer_of(why_command, asked.request);
  REQUIRE_THAT(found.text,
               Catch::Contains("synthetic gradient of batch 3") && Catch::Contains("mispredicted of 1 batch"));
  REQUIRE(whole(cell_of(table_of(found, "update"), {text("residuals")}, "value")) == 1);
}

TEST_CASE("why of the top group goes back through all the activations") {
  const decoupled_pipeline pipeline(6);
  asked_traces asked({&pipeline.trace});
  asked.request.words = {"1", "3"};
  const auto found = answer_of(why_command, asked.request);
  REQUIRE_THAT(found.text, Catch::Contains("true gradient of batch 2") && Catch::Contains("in one go"));
  REQUIRE(table_of(found, "chain").rows.size() == 2);
}

TEST_CASE("why says which actors and versions there are") {
  const decoupled_pipeline pipeline(6);
  asked_traces asked({&pipeline.trace});
  asked.request.words = {"group 0", "99"};
  REQUIRE_THAT(refusal(why_command, asked.request), Catch::Contains("version 99") && Catch::Contains("1 to 6"));
  asked.request.words = {"group 9", "1"};
  REQUIRE_THAT(refusal(why_command, asked.request), Catch::Contains("'group 9'"));
  asked.request.words = {"source", "1"};
  REQUIRE_THAT(refusal(why_command, asked.request), Catch::Contains("only groups have weights"));
  asked.request.words = {"group 0", "first"};
  REQUIRE_THAT(refusal(why_command, asked.request), Catch::Contains("'first'"));
  asked.request.words = {"3"};
  REQUIRE_THAT(refusal(why_command, asked.request), Catch::Contains("usage"));
}

TEST_CASE("diff finds nothing between a run and itself, and says which measures changed") {
  const decoupled_pipeline pipeline(300);
  asked_traces same({&pipeline.trace, &pipeline.trace});
  const auto nothing = answer_of(diff_command, same.request);
  const auto& measures = table_of(nothing, "measures");
  REQUIRE(real(cell_of(measures, {text("steps")}, "a")) == Approx(1e6).epsilon(0.01));
  REQUIRE(real(cell_of(measures, {text("busy, group 1")}, "b")) == Approx(0.51).epsilon(0.01));
  REQUIRE(real(cell_of(measures, {text("queue p50, activation")}, "a")) == Approx(0.1).epsilon(0.01));
  REQUIRE(real(cell_of(measures, {text("staleness, group 0")}, "a")) == Approx(1).epsilon(0.05));
  REQUIRE(real(cell_of(measures, {text("cosine, interface 0")}, "a")) == Approx(0.55).epsilon(0.01));
  REQUIRE(real(cell_of(measures, {text("bytes per sample")}, "a")) == Approx(175).epsilon(0.02)); // 1400 of 8 rows
  for (const auto& row : measures.rows) {
    REQUIRE(row[8] == text(""));
    REQUIRE(real(row[4]) == 0.0);
  }

  decoupled_pipeline worse(300);
  for (int i = 0; i < 300; ++i) { // of every batch one more measure, which is lower
    trace_record lower;
    lower.time_ns = 1000 * (i + 1) + 930;
    lower.actor = worse.below;
    lower.interface = 0;
    lower.kind = record_kind::metric;
    lower.type = static_cast<std::uint8_t>(trace_measure::cosine);
    worse.trace.add(lower, 1);
  }
  asked_traces other({&pipeline.trace, &worse.trace});
  const auto changed = answer_of(diff_command, other.request);
  const auto& differences = table_of(changed, "measures");
  REQUIRE(cell_of(differences, {text("cosine, interface 0")}, "verdict") == text("lower"));
  REQUIRE(real(cell_of(differences, {text("cosine, interface 0")}, "relative")) == Approx(-0.5).epsilon(0.01));
  REQUIRE(real(cell_of(differences, {text("cosine, interface 0")}, "high")) < -0.25);
  REQUIRE(cell_of(differences, {text("steps")}, "verdict") == text(""));
  REQUIRE_THAT(changed.notes.at(0), Catch::Contains(" 1 changed"));
}

TEST_CASE("diff of a trace without updates says which one") {
  const decoupled_pipeline pipeline(30);
  trace_builder empty;
  const auto group = empty.actor(3, actor_role::group, 0, "group 0");
  empty.handle(empty.send(1, group, group, trace_message::credit, {}), 2, 3);
  asked_traces asked({&pipeline.trace, &empty});
  REQUIRE_THAT(refusal(diff_command, asked.request), Catch::Contains("'" + asked.request.folders[1] + "'"));
}

TEST_CASE("an interval of 95 % misses an equal mean about once in twenty times") {
  random_source random(7, 0);
  int misses = 0;
  for (std::uint64_t i = 0; i < 400; ++i) {
    std::vector<double> a(30), b(30);
    for (auto& each : a) each = random.normal();
    for (auto& each : b) each = random.normal();
    misses += compare_means(a, b, random_source(1, i))->excludes_zero();
  }
  REQUIRE(misses >= 8);
  REQUIRE(misses <= 40);
  const std::vector<double> low{1, 2, 3}, high{11, 12, 13}, few{1, 2};
  const auto apart = compare_means(low, high, random_source(1, 0));
  REQUIRE(apart->change == 10.0);
  REQUIRE(apart->low >= 8.0);
  REQUIRE(apart->high <= 12.0);
  REQUIRE_FALSE(compare_means(few, high, random_source(1, 0)));
}
