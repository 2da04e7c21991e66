// Control messages come back as they were, have the bytes that they always had, and never trust a length.
#include "actors/distributed/control_messages.hpp"
#include "runtime/random.hpp"
#include "tests/support/catch.hpp"

using namespace syngrad;

namespace {

run_order sample_order() {
  run_order order;
  order.run_id = 0x1122334455667788u;
  order.node = 2;
  order.settings = {{"steps", "5"}, {"lr", "0.01"}};
  order.members = {{0, "c", "127.0.0.1", 7000, 1}, {2, "b", "h", 7001, 2}};
  order.groups = {{0, "cpu"}, {2, "cuda:1"}};
  return order;
}

std::string hex(const std::vector<char>& bytes) {
  std::string out;
  for (const char each : bytes) {
    out += "0123456789abcdef"[static_cast<unsigned char>(each) >> 4];
    out += "0123456789abcdef"[static_cast<unsigned char>(each) & 15];
  }
  return out;
}

} // namespace

TEST_CASE("an order has the bytes that it always had, and comes back as it was") {
  const auto sent = encode(sample_order());
  REQUIRE(sent.type == 1);
  REQUIRE(hex(sent.bytes) == "8877665544332211"
                             "02"
                             "0000000000002440"
                             "0000000000004e40"
                             "02000000"
                             "05000000"
                             "7374657073"
                             "01000000"
                             "35"
                             "02000000"
                             "6c72"
                             "04000000"
                             "302e3031"
                             "02000000"
                             "00"
                             "01000000"
                             "63"
                             "09000000"
                             "3132372e302e302e31"
                             "581b"
                             "0100000000000000"
                             "02"
                             "01000000"
                             "62"
                             "01000000"
                             "68"
                             "591b"
                             "0200000000000000"
                             "02000000"
                             "00"
                             "03000000"
                             "637075"
                             "02"
                             "06000000"
                             "637564613a31");
  const auto back = decode<run_order>(sent);
  REQUIRE(back);
  REQUIRE(back->run_id == 0x1122334455667788u);
  REQUIRE(back->node == 2);
  REQUIRE(back->settings == sample_order().settings);
  REQUIRE(back->members.size() == 2);
  REQUIRE((back->members[1].name == "b" && back->members[1].port == 7001 && back->members[1].instance == 2));
  REQUIRE((back->groups[1].node == 2 && back->groups[1].device == "cuda:1"));
  REQUIRE(back->reconnect_for_s == 60);
}

TEST_CASE("a tensor of weights comes back byte for byte") {
  weights_part part{"3.weight", dtype::f32, {2, 3}, std::vector<char>(24)};
  for (std::size_t i = 0; i < 24; ++i) part.bytes[i] = static_cast<char>(i * 11);
  const auto back = decode<weights_part>(encode(part));
  REQUIRE(back);
  REQUIRE((back->name == part.name && back->extents == part.extents && back->bytes == part.bytes));
}

TEST_CASE("extents that are none, or not those of the bytes, are refused, whatever their product would be") {
  const auto shape_with = [](const std::vector<std::int64_t>& extents, std::size_t bytes) {
    return shape_of({"0.weight", dtype::f32, extents, std::vector<char>(bytes)});
  };
  REQUIRE(*shape_with({}, 4) == shape{});
  REQUIRE(*shape_with({2, 3, 1, 2}, 48) == shape{2, 3, 1, 2});
  REQUIRE(*shape_with({5, 0}, 0) == shape{5, 0});
  constexpr auto large = std::int64_t{1} << 39;
  const auto extents = GENERATE(values<std::vector<std::int64_t>>(
    {{-1}, {-2, -3}, {-5, 0}, {0, -5}, {large, large, 4}, {large, large, large, large}, {6, 1, 1, 1, 1, 1}, {5}, {7}}));
  CAPTURE(extents);
  REQUIRE(shape_with(extents, 24).message() ==
          "the weights '0.weight' came with a wrong size: is every process the same build?");
  REQUIRE_FALSE(shape_with(extents, 0));
}

TEST_CASE("what a node's devices hold comes back with its last word, but for whose they are") {
  const auto back =
    decode<done>(encode(done{error::file("no trace"), {{"x", "cpu", 1 << 20, 0}, {"x", "cuda:1", 1u << 31, 77}}}));
  REQUIRE(back);
  REQUIRE((back->failure->kind == error_kind::file && back->failure->message == "no trace"));
  REQUIRE(back->memory.size() == 2);
  REQUIRE((back->memory[1].node.empty() && back->memory[1].device == "cuda:1"));
  REQUIRE((back->memory[1].bytes == 1u << 31 && back->memory[1].pinned_bytes == 77));
}

TEST_CASE("a failure keeps its kind on its way, and one of a kind that nobody knows is refused") {
  auto said = encode(trouble{error::interrupted("node a was interrupted")});
  const auto back = decode<trouble>(said);
  REQUIRE(back);
  CHECK((back->why.kind == error_kind::interrupted && back->why.message == "node a was interrupted"));
  CHECK_FALSE(decode<weights_told>(encode(weights_told{3, {}}))->failure);
  said.bytes.front() = static_cast<char>(static_cast<int>(last_error_kind) + 1);
  CHECK_FALSE(decode<trouble>(said));
}

TEST_CASE("messages without fields, and an end with its reason, come back") {
  REQUIRE(decode<ready>(encode(ready{})));
  REQUIRE(decode<dismiss>(encode(dismiss{})));
  const auto back = decode<finish>(encode(finish{3, "node b is gone", true, false}));
  REQUIRE(back);
  REQUIRE((back->end == 3 && back->why == "node b is gone" && back->send_weights && !back->send_trace));
}

TEST_CASE("a message of another type, cut short, with a tail or a mad length is refused in one line") {
  const auto whole = encode(sample_order());
  REQUIRE_FALSE(decode<built>(whole));
  for (std::size_t length = 0; length < whole.bytes.size(); ++length) {
    auto cut = whole;
    cut.bytes.resize(length);
    REQUIRE_FALSE(decode<run_order>(cut));
  }
  auto longer = whole;
  longer.bytes.push_back(0);
  REQUIRE_FALSE(decode<run_order>(longer));
  auto mad = encode(built{{}, {{0, 1}}});
  for (std::size_t i = 1; i < 5; ++i) mad.bytes[i] = '\xff';
  REQUIRE_FALSE(decode<built>(mad));
}

TEST_CASE("a hundred thousand damaged orders are read or refused, and never more") {
  random_source random(5, 1);
  const auto whole = encode(sample_order());
  int read = 0;
  for (int i = 0; i < 100000; ++i) {
    auto damaged = whole;
    for (std::uint32_t n = 1 + random.below(4); n > 0; --n)
      damaged.bytes[random.below(static_cast<std::uint32_t>(damaged.bytes.size()))] =
        static_cast<char>(random.below(256));
    if (decode<run_order>(damaged)) ++read;
  }
  REQUIRE((read > 0 && read < 100000));
}
