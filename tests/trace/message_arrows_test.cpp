// Which records an arrow passes through: from a send to the last handling, over several nodes too.
#include "tests/runtime/io/temporary_folder.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/trace_builder.hpp"

#include "tools/trace/analysis/causal_analyses.hpp"

using namespace syngrad;
using namespace syngrad::test;
using namespace syngrad::tools;

namespace {

// A trace of one node in which records are added as they come, and the parts of arrows that they are.
struct told {
  temporary_folder folder;
  trace_builder builder;
  std::uint32_t source = builder.actor(2, actor_role::source, 0, "source");
  std::uint32_t group = builder.actor(3, actor_role::group, 0, "group 0");
  std::uint32_t link = builder.actor(4, actor_role::link, 0, "link");

  std::uint64_t send(std::int64_t time_ns) {
    return builder.send(time_ns, source, group, trace_message::activation, {.batch = 0});
  }
  void begin(std::int64_t time_ns, std::uint32_t actor, std::uint64_t message) {
    builder.half_of_handling(record_kind::begin, time_ns, actor, source, message, trace_message::activation);
  }

  std::vector<arrow_part> parts(std::uint64_t* backwards = nullptr, const trace_filter& filter = {}) {
    builder.write(folder.path());
    const auto run = trace_run::open(folder.path());
    REQUIRE(run);
    const message_arrows arrows(*run, filter);
    std::vector<arrow_part> found;
    run->for_each(filter, [&](const trace_record& record) { found.push_back(arrows.part_of(record, found.size())); });
    if (backwards) *backwards = arrows.backwards();
    return found;
  }
};

using enum arrow_part;

} // namespace

TEST_CASE("an arrow begins at the send, passes the link and ends at the last handler, once") {
  told trace;
  const auto message = trace.send(1000);
  trace.begin(2000, trace.link, message);
  trace.begin(3000, trace.link, message);
  trace.begin(4000, trace.group, message);
  CHECK(trace.parts() == std::vector{begin, step, step, end});
}

TEST_CASE("arrows of several messages do not mix, and a message that was never handled has none") {
  told trace;
  const auto first = trace.send(1000), second = trace.send(1500);
  trace.send(1700);
  trace.begin(2000, trace.group, second);
  trace.begin(2500, trace.group, first);
  CHECK(trace.parts() == std::vector{begin, begin, none, end, end});
}

TEST_CASE("a handling whose send was lost, or that carries no message, has no arrow") {
  told trace;
  trace.begin(1000, trace.group, 77);
  trace.begin(2000, trace.group, 0);
  std::uint64_t backwards = 1;
  CHECK(trace.parts(&backwards) == std::vector{none, none});
  CHECK(backwards == 0);
}

TEST_CASE("what was handled before it was sent, by the clocks, has no arrow and is counted") {
  told trace;
  const auto message = trace.send(1000);
  trace.begin(900, trace.group, message);
  std::uint64_t backwards = 0;
  CHECK(trace.parts(&backwards) == std::vector{none, none});
  CHECK(backwards == 1);
}

TEST_CASE("an arrow leaves out a handler that seems to come before the send, and goes on to the one behind it") {
  told trace;
  const auto message = trace.send(1000);
  trace.begin(900, trace.link, message);
  trace.begin(1100, trace.group, message);
  std::uint64_t backwards = 1;
  CHECK(trace.parts(&backwards) == std::vector{none, begin, end});
  CHECK(backwards == 0);
}

TEST_CASE("arrows are of what passes the filter") {
  told trace;
  const auto message = trace.send(1000);
  trace.begin(2000, trace.link, message);
  trace.begin(3000, trace.group, message);
  trace_filter filter;
  filter.to_ns = 2500;
  CHECK(trace.parts(nullptr, filter) == std::vector{begin, end});
}
