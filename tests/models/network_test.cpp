#include "models/network.hpp"

#include "models/layers/linear.hpp"
#include "tests/models/contains.hpp"
#include "tests/support/catch.hpp"

namespace syngrad {
namespace {

TEST_CASE("a description becomes hidden units of linear and batch norm with relu, and a linear unit") {
  const auto made = make_network("mlp:784-256x5-10");
  REQUIRE(made);
  CHECK(made->description == "mlp:784-256x5-10");
  CHECK(made->input == sample_spec{{784}});
  CHECK(infer_specs(*made)->back() == sample_spec{{10}});
  REQUIRE(made->units.size() == 6);
  REQUIRE(made->units[0].size() == 2);
  CHECK(made->units[0][0]->describe() == "linear 784->256");
  CHECK(made->units[0][1]->describe() == "batch norm 256 + relu");
  CHECK(made->units[4][0]->describe() == "linear 256->256");
  REQUIRE(made->units[5].size() == 1);
  CHECK(made->units[5][0]->describe() == "linear 256->10");
  CHECK(made->units[0][0]->parameters().size() == 1); // no bias before a normalisation
  CHECK(made->units[5][0]->parameters().size() == 2);
  CHECK(infer_specs(*made)->size() == 12);
}

TEST_CASE("several widths may follow each other, or none") {
  const auto made = make_network("mlp:20-512-256x3-10");
  REQUIRE(made);
  REQUIRE(made->units.size() == 5);
  CHECK(made->units[0][0]->describe() == "linear 20->512");
  CHECK(made->units[1][0]->describe() == "linear 512->256");
  CHECK(made->units[3][0]->describe() == "linear 256->256");
  const auto flat = make_network("mlp:20-10");
  REQUIRE(flat);
  CHECK(flat->units.size() == 1);
  CHECK(flat->units[0][0]->describe() == "linear 20->10");
}

TEST_CASE(
  "a network of one's own is made by its name, with what stands behind the colon, and described as it was asked for") {
  const auto maker = [](std::string_view parameters) -> result<network> {
    if (parameters == "none") return error::setting("line: no outputs");
    network made{"", {{3}}, std::vector<layer_list>(1)};
    made.units[0].push_back(std::make_unique<linear>(3, 2, true));
    return made;
  };
  REQUIRE(register_network("line", maker));
  CHECK(register_network("line", maker).message() == "there is a network 'line' already; give it another name");
  CHECK_FALSE(register_network("mlp", maker));
  CHECK_FALSE(register_network("", maker));
  CHECK_FALSE(register_network("line:2", maker));
  for (const std::string description : {"line", "line:2"}) {
    const auto made = make_network(description);
    REQUIRE(made);
    CHECK(made->description == description);
    CHECK(made->units[0][0]->describe() == "linear 3->2");
  }
  CHECK(make_network("line:none").message() == "line: no outputs");
  CHECK_THAT(make_network("circle").message(), contains("no kind of network"));
  CHECK_THAT(make_network("circle:1").message(), contains("unknown kind 'circle'; known are mlp, cnn, "));
}

TEST_CASE("a malformed description is refused with what is wrong and an example") {
  const std::pair<const char*, const char*> cases[] = {
    {"", "no kind of network"},
    {"784-256x5-10", "no kind of network"},
    {"fcn:784-10", "unknown kind 'fcn'; known are mlp"},
    {"mlp:", "inputs and outputs are needed"},
    {"mlp:784", "inputs and outputs are needed"},
    {"mlp:x-10", "the number of inputs 'x'"},
    {"mlp:0-10", "the number of inputs '0' is not a whole number from 1 to 65536"},
    {"mlp:784-0", "the number of outputs '0' is not a whole number from 1 to 65536"},
    {"mlp:784-256x5-", "the number of outputs ''"},
    {"mlp:784--10", "the width ''"},
    {"mlp:784-65537-10", "the width '65537' is not a whole number from 1 to 65536"},
    {"mlp:784-256x-10", "the count of layers ''"},
    {"mlp:784-256x0-10", "the count of layers '0'"},
    {"mlp:784-256x1001-10", "the count of layers '1001' is not a whole number from 1 to 1000"},
    {"mlp:784-8x600-8x600-10", "more than 1000 hidden layers"},
    {"mlp:784-256x5x2-10", "the count of layers '5x2'"},
    {"mlp:784-+256-10", "the width '+256'"},
    {"mlp:784- 256-10", "the width ' 256'"},
    {"mlp:99999999999999999999-10", "the number of inputs '99999999999999999999'"},
  };
  for (const auto& [description, why] : cases) {
    const auto made = make_network(description);
    REQUIRE_FALSE(made);
    CHECK_THAT(made.message(), contains(why) && contains("mlp:784-256x5-10"));
  }
}

network by_hand(std::vector<std::pair<int, int>> widths, std::int64_t inputs) {
  network made{"by hand", {{inputs}}, {}};
  for (const auto& [from, to] : widths) made.units.emplace_back().push_back(std::make_unique<linear>(from, to, true));
  return made;
}

TEST_CASE("a network made by hand is checked layer by layer") {
  const auto specs = infer_specs(by_hand({{4, 5}, {5, 3}}, 4));
  CHECK(specs.value() == std::vector<sample_spec>{{{4}}, {{5}}, {{3}}});
  CHECK_THAT(infer_specs(by_hand({{4, 5}, {6, 3}}, 4)).message(),
             contains("layer 1 (linear 6->3) takes 6 features, but what is below it gives 5"));
  CHECK_THAT(infer_specs(by_hand({}, 4)).message(), contains("no layers"));
  auto image = by_hand({{2, 5}, {5, 3}}, 4);
  image.input = {{4, 4, 2}};
  CHECK(infer_specs(image)->back() == sample_spec{{4, 4, 3}});
  image.input = label_spec(10);
  CHECK_THAT(infer_specs(image).message(), contains("layer 0 (linear 2->5) takes 2 features") && contains("1 numbers"));
}

TEST_CASE("a batch needs two samples for batch norm, unless each has positions") {
  auto net = std::move(make_network("mlp:4-8x2-3").value());
  CHECK(batch_need_of(net).samples == 2);
  CHECK(batch_need_of(net).layer == "layer 1 (batch norm 8 + relu)");
  net.input = {{3, 4}};
  CHECK(batch_need_of(net).samples == 1);
  CHECK(batch_need_of(std::move(make_network("mlp:4-3").value())).layer == "");
}

} // namespace
} // namespace syngrad
