// What a message caused: as a tree for people, as a table for programs.
#include "tests/runtime/io/temporary_folder.hpp"
#include "tests/support/catch.hpp"
#include "tests/trace/pipeline_trace.hpp"

#include "tools/trace/record_text.hpp"
#include "tools/trace/trace_command.hpp"

using namespace syngrad;
using namespace syngrad::test;
using namespace syngrad::tools;

TEST_CASE("the tree of a message shows what it caused, with times") {
  temporary_folder folder;
  pipeline_trace trace;
  trace.builder.write(folder.path());
  const auto out = follow_command.run(request_for(folder.path(), {message_text(trace.a1)}));
  REQUIRE(out);
  CHECK(out->tables.empty());
  CHECK(out->text ==
        "activation 0x20000000001  source → group 0  batch 1  at 0.040 ms  queue 60.0 us  handler 200.0 us\n"
        "└─ activation 0xa0000000001  group 0 → group 1  batch 1  at 0.250 ms  queue 50.0 us  handler "
        "100.0 us  ⟹ version 1 with true gradient\n"
        "   └─ gradient 0xb0000000001  group 1 → group 0  batch 1  at 0.350 ms  queue 150.0 us  handler "
        "100.0 us\n"
        "      └─ credit 0xa0000000003  group 0 → source  at 0.550 ms  queue 50.0 us  handler 40.0 us\n");
}

TEST_CASE("a batch is followed without its message's number, and programs get depths and nanoseconds") {
  temporary_folder folder;
  pipeline_trace trace;
  trace.builder.write(folder.path());
  auto request = request_for(folder.path());
  request.filter.batches = std::pair(2u, 2u);
  request.format = "json";
  const auto out = follow_command.run(request);
  REQUIRE(out);
  const auto& table = out->tables.at(0);
  REQUIRE(table.rows.size() == 3);
  CHECK(cell_of(table, "0", "type") == "activation");
  CHECK(cell_of(table, "0", "sent") == "90000");
  CHECK(cell_of(table, "0", "queue") == "210000");
  CHECK(cell_of(table, "1", "message") == message_text(trace.b2));
  CHECK(cell_of(table, "1", "parent") == message_text(trace.a2));
  CHECK(cell_of(table, "2", "type") == "gradient");
  CHECK(cell_of(table, "2", "handler") == "100000");
}

TEST_CASE("siblings hang from one line, in the order of their sends, and a limit is told") {
  temporary_folder folder;
  trace_builder builder;
  const auto a = builder.actor(1, actor_role::group, 0, "group 0");
  const auto b = builder.actor(2, actor_role::group, 1, "group 1");
  trace_builder::details child;
  child.parent = builder.send(1000, a, b, trace_message::activation, {});
  builder.send(2000, b, a, trace_message::gradient, child);
  builder.send(3000, b, a, trace_message::credit, child);
  builder.write(folder.path());
  auto request = request_for(folder.path(), {std::to_string(child.parent)});
  const auto out = follow_command.run(request);
  REQUIRE(out);
  CHECK(out->text == "activation 0x10000000001  group 0 → group 1  at 0.000 ms  queue open  handler -\n"
                     "├─ gradient 0x20000000001  group 1 → group 0  at 0.001 ms  queue open  handler -\n"
                     "└─ credit 0x20000000002  group 1 → group 0  at 0.002 ms  queue open  handler -\n");
  request.limit = 2;
  const auto limited = follow_command.run(request);
  REQUIRE(limited);
  CHECK_THAT(limited->notes.at(0), Catch::Contains("only the first 2 messages"));
}

TEST_CASE("a message that is not there, or no number at all, is refused") {
  temporary_folder folder;
  pipeline_trace().builder.write(folder.path());
  const auto refusal = [&](std::vector<std::string> words) {
    const auto out = follow_command.run(request_for(folder.path(), std::move(words)));
    REQUIRE_FALSE(out);
    return out.message();
  };
  CHECK_THAT(refusal({"0x5"}), Catch::Contains("there is no message 0x5"));
  CHECK_THAT(refusal({"first"}), Catch::Contains("expected the number of one message, got 'first'"));
  CHECK_THAT(refusal({}), Catch::Contains("--batch N"));
  auto request = request_for(folder.path());
  request.filter.batches = std::pair(77u, 77u);
  const auto none = follow_command.run(request);
  REQUIRE_FALSE(none);
  CHECK_THAT(none.message(), Catch::Contains("no message of batch 77"));
}
