// --where: what holds for a record, and what is said about an expression that cannot be read.
#include "tests/support/catch.hpp"

#include "runtime/trace/trace_vocabulary.hpp"
#include "tools/trace/trace_filter.hpp"

using namespace syngrad;
using syngrad::tools::where_expression;

namespace {

trace_names known_names() {
  trace_names names;
  names.actors[actor_id(0, 5)] = {actor_role::group, 3, "group 3"};
  names.actors[actor_id(0, 6)] = {actor_role::predictor, 0, "predictor 0"};
  names.actors[actor_id(0, 7)] = {actor_role::predictor, 1, "predictor 1"};
  return names;
}

trace_record gradient_record() {
  trace_record record;
  record.time_ns = 5000;
  record.message = 0xff00000000000001;
  record.actor = actor_id(0, 5);
  record.peer = actor_id(0, 7);
  record.batch = 12;
  record.version = 7;
  record.value = 1024;
  record.interface = 3;
  record.kind = record_kind::send;
  record.type = static_cast<std::uint8_t>(trace_message::gradient);
  return record;
}

bool holds(const std::string& text, const trace_record& record = gradient_record()) {
  const auto parsed = where_expression::parse(text, known_names());
  INFO(text << ": " << (parsed ? "" : parsed.message()));
  REQUIRE(parsed);
  return parsed->holds(record);
}

std::string refusal(const std::string& text) {
  const auto parsed = where_expression::parse(text, known_names());
  INFO(text);
  REQUIRE_FALSE(parsed);
  return parsed.message();
}

} // namespace

TEST_CASE("comparisons of a record's fields hold as they read") {
  CHECK(holds("bytes = 1024"));
  CHECK(holds("bytes == 0x400"));
  CHECK_FALSE(holds("bytes != 1024"));
  CHECK(holds("bytes < 1024.5"));
  CHECK_FALSE(holds("bytes > 1e9"));
  CHECK(holds("version<=7"));
  CHECK_FALSE(holds("version<7"));
  CHECK(holds("time>=5000"));
  CHECK(holds("kind = send"));
  CHECK(holds("type = gradient"));
  CHECK_FALSE(holds("type = 'activation'"));
  CHECK(holds("node = 0 and interface = 3 and batch > 11"));
}

TEST_CASE("numbers of messages compare exactly although they have 64 bits") {
  CHECK(holds("message = 0xff00000000000001"));
  CHECK_FALSE(holds("message = 0xff00000000000000"));
  CHECK_FALSE(holds("message = 18374686479671623682"));
  CHECK(holds("message = 18374686479671623681"));
}

TEST_CASE("and binds closer than or, not closer than both, and brackets closest") {
  CHECK(holds("bytes = 1024 or bytes = 1 and bytes = 2"));
  CHECK_FALSE(holds("(bytes = 1024 or bytes = 1) and bytes = 2"));
  CHECK(holds("not bytes = 1 and batch = 12"));
  CHECK_FALSE(holds("not (bytes = 1 || batch = 12)"));
  CHECK(holds("!bytes=1&&!!batch=12"));
}

TEST_CASE("actors go by title, by number of the group, and by role") {
  CHECK(holds("actor = 'group 3'"));
  CHECK(holds("actor = \"group 3\""));
  CHECK(holds("actor = 3"));
  CHECK(holds("peer = predictor"));
  CHECK(holds("peer != 'predictor 0'"));
  CHECK_FALSE(holds("actor = predictor"));
}

TEST_CASE("a field that a record does not have makes every comparison false") {
  auto record = gradient_record();
  record.kind = record_kind::metric;
  record.type = static_cast<std::uint8_t>(trace_measure::cosine);
  record.value = std::bit_cast<std::uint32_t>(-0.25f);
  record.batch = no_trace_batch;
  CHECK(holds("measure = cosine and value < 0", record));
  CHECK(holds("value = -0.25", record));
  CHECK_FALSE(holds("type = gradient", record));
  CHECK_FALSE(holds("type != gradient", record));
  CHECK_FALSE(holds("bytes >= 0", record));
  CHECK_FALSE(holds("batch > 0", record));
  CHECK_FALSE(holds("measure = cosine"));
}

TEST_CASE("a refusal says what was expected, and in which column") {
  using Catch::Contains;
  CHECK_THAT(refusal(""), Contains("column 1: expected a field (time, kind, type") && Contains("got the end"));
  CHECK_THAT(refusal("tpye = 1"), Contains("column 1") && Contains("got 'tpye'") && Contains("did you mean type"));
  CHECK_THAT(refusal("bytes 5"), Contains("column 7: expected one of = != < <= > >=, got '5'"));
  CHECK_THAT(refusal("bytes = "), Contains("column 9: expected a number or a name, got the end"));
  CHECK_THAT(refusal("bytes = many"), Contains("column 9: expected a number, got 'many'"));
  CHECK_THAT(refusal("type = gradeint"), Contains("column 8") && Contains("did you mean gradient"));
  CHECK_THAT(refusal("(bytes = 1"), Contains("column 11: expected 'and', 'or' or ')', got the end"));
  CHECK_THAT(refusal("bytes = 1 bytes = 2"), Contains("column 11: expected 'and', 'or' or the end"));
  CHECK_THAT(refusal("bytes = 1)"), Contains("column 10"));
  CHECK_THAT(refusal("actor = 'group 9'"), Contains("column 9: there is no actor 'group 9'"));
  CHECK_THAT(refusal("actor < 3"), Contains("column 9: expected an actor after = or != only"));
  CHECK_THAT(refusal("actor = 'group 3"), Contains("column 9"));
}

TEST_CASE("brackets without end are refused before they exhaust the stack") {
  CHECK_THAT(refusal(std::string(100'000, '(')), Catch::Contains("column 202: expected at most 200 brackets"));
}
