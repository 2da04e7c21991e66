// The commands about training: what their tables say of pipelines with known numbers, and how they refuse.
#include "tests/trace/asked_traces.hpp"
#include "tests/trace/hand_made_pipelines.hpp"

#include "tools/trace/trace_command.hpp"

using namespace syngrad;
using namespace syngrad::test;
using namespace syngrad::tools;

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

TEST_CASE("gradients shows how large activations were, and names an interface whose predictions were too large") {
  decoupled_pipeline pipeline(40);
  trace_record size;
  size.actor = pipeline.below;
  size.interface = 0;
  size.kind = record_kind::metric;
  const auto add = [&](trace_measure type, float value) {
    size.type = static_cast<std::uint8_t>(type);
    size.value = std::bit_cast<std::uint32_t>(value);
    pipeline.trace.add(size, 7);
  };
  for (size.batch = 40; size.batch < 60; ++size.batch) {
    size.time_ns = 50'000 + 100 * std::int64_t{size.batch};
    add(trace_measure::norm_ratio, 400);
    add(trace_measure::activation_rms, size.batch % 2 ? 3.0f : 1.0f);
  }
  asked_traces asked({&pipeline.trace});
  const auto found = answer_of(gradients_command, asked.request);
  REQUIRE(cell_of(table_of(found, "received"), {number(0)}, "verdict") == text("too large"));
  REQUIRE(whole(cell_of(table_of(found, "activations"), {number(0)}, "batches")) == 20);
  REQUIRE(real(cell_of(table_of(found, "activations"), {number(0)}, "rms")) == 2.0);
  REQUIRE(real(cell_of(table_of(found, "activations"), {number(0)}, "least")) == 1.0);
  REQUIRE_THAT(found.notes[0],
               Catch::Contains("Interface 0: at batch 55 synthetic gradients had 4e+02 times the size"));
}

TEST_CASE("gradients shows from which batch on a gate had which state") {
  decoupled_pipeline pipeline(40);
  trace_record turn;
  turn.actor = pipeline.below;
  turn.interface = 0;
  turn.kind = record_kind::metric;
  turn.type = static_cast<std::uint8_t>(trace_measure::gate);
  for (const auto& [batch, state] : {std::pair{5u, 2.0f}, {11u, 1.0f}, {23u, 0.0f}}) {
    turn.batch = batch;
    turn.time_ns = 1000 * std::int64_t{batch};
    turn.value = std::bit_cast<std::uint32_t>(state);
    pipeline.trace.add(turn, 7);
  }
  asked_traces asked({&pipeline.trace});
  const auto found = answer_of(gradients_command, asked.request);
  const auto& turns = table_of(found, "gate");
  REQUIRE(turns.rows.size() == 3);
  REQUIRE(whole(turns.rows[1][1]) == 11);
  REQUIRE(turns.rows[1][2] == text("correcting"));
  REQUIRE(turns.rows[2][2] == text("predicting"));
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

TEST_CASE("bytes of a text are by token") {
  decoupled_pipeline pipeline(5);
  pipeline.trace.fact("unit", "tokens");
  pipeline.trace.fact("units_a_sample", "10");
  asked_traces asked({&pipeline.trace});
  const auto found = answer_of(bytes_command, asked.request);
  REQUIRE(real(cell_of(table_of(found, "by_interface"), {number(0), text("gradient")}, "bytes_per_token")) ==
          1500.0 / 400);
  REQUIRE_THAT(found.notes.back(), Catch::Contains("400 tokens"));
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
