// Networks in JSON: read, shown, and refused with the place.
#include "models/network_split.hpp"
#include "tests/models/contains.hpp"
#include "tests/runtime/io/temporary_folder.hpp"
#include "tests/support/catch.hpp"

#include <fstream>

namespace syngrad {
namespace {

const std::string small = R"({
  "name": "small",
  "input": [4],
  "units": [
    [{"type": "Linear", "in_features": 4, "out_features": 8, "bias": false},
     {"type": "BatchNorm1d", "num_features": 8},
     {"type": "ReLU"}],
    [{"type": "Linear", "in_features": 8, "out_features": 3}]
  ]
})";

std::vector<std::vector<std::string>> described_layers(const network& net) {
  std::vector<std::vector<std::string>> all;
  for (const auto& unit : net.units) {
    auto& layers = all.emplace_back();
    for (const auto& each : unit) layers.push_back(each->describe());
  }
  return all;
}

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  const auto at = text.find(what);
  REQUIRE(at != std::string::npos);
  return text.replace(at, what.size(), with);
}

TEST_CASE("JSON makes units of layers, by PyTorch's names; the ReLU behind a BatchNorm is part of it") {
  const auto made = make_network(small);
  REQUIRE(made);
  CHECK(made->description == "small");
  CHECK(made->input == sample_spec{{4}});
  CHECK(described_layers(*made) ==
        std::vector<std::vector<std::string>>{{"linear 4->8", "batch norm 8 + relu"}, {"linear 8->3"}});
  CHECK(made->units[0][0]->parameters().size() == 1); // no bias
  CHECK(made->units[1][0]->parameters().size() == 2);
  const auto apart =
    make_network(R"({"input": [2, 2, 1], "units": [[{"type": "ReLU"}, {"type": "Flatten"}, {"type": "ReLU"}]]})");
  REQUIRE(apart);
  CHECK(described_layers(*apart) == std::vector<std::vector<std::string>>{{"relu 1", "flatten 2x2x1", "relu 4"}});
}

TEST_CASE("whole numbers as input say below what they are") {
  const std::string text = R"({"input": {"shape": [2], "categories": 5}, "units": [[{"type": "ReLU"}]]})";
  CHECK_THAT(make_network(text).message(),
             contains("units[0][0]: ReLU takes 1 features, but what is below it gives 2 numbers"));
  CHECK_THAT(make_network(replaced(text, "5", "-1")).message(), contains("input.categories: expected a whole number"));
}

TEST_CASE("a short form and its JSON make the same network") {
  for (const std::string text : {"mlp:784-256x5-10", "mlp:20-10", "mlp:4-8-16x2-3"}) {
    const auto json = show_as_json(text);
    REQUIRE(json);
    const auto expected = make_network(text), made = make_network(*json);
    REQUIRE(made);
    CHECK(described_layers(*made) == described_layers(*expected));
    CHECK(infer_specs(*made).value() == infer_specs(*expected).value());
    CHECK(show_as_json(*json).value() == *json);
  }
  CHECK_THAT(show_as_json("mlp:4").message(), contains("inputs and outputs are needed"));
}

TEST_CASE("JSON is laid out for people: a layer a line, where a unit does not fit into one") {
  CHECK(show_as_json("mlp:784-256-10").value() == R"({
  "input": [784],
  "units": [
    [
      {"type": "Linear", "in_features": 784, "out_features": 256, "bias": false},
      {"type": "BatchNorm1d", "num_features": 256},
      {"type": "ReLU"}
    ],
    [{"type": "Linear", "in_features": 256, "out_features": 10}]
  ]
}
)");
}

TEST_CASE("what is wrong with JSON is said with its place") {
  const std::pair<std::array<std::string, 2>, const char*> cases[] = {
    {{"\"bias\": false", "\"bias\": 0"}, "units[0][0].bias: expected true or false, got '0'"},
    {{"\"in_features\": 4, ", ""}, "units[0][0]: Linear needs 'in_features'"},
    {{"\"in_features\": 4", "\"in_features\": \"4\""},
     "units[0][0].in_features: expected a whole number from 1 to 1048576, got '\"4\"'"},
    {{"\"in_features\": 4", "\"in_features\": 4.5"}, "units[0][0].in_features: expected a whole number"},
    {{"\"in_features\": 4", "\"in_features\": 18446744073709551615"},
     "units[0][0].in_features: expected a whole number"},
    {{"\"in_features\": 4", "\"in_features\": 0"}, "units[0][0].in_features: expected a whole number"},
    {{"\"in_features\": 4", "\"in_features\": 5"},
     "units[0][0]: Linear takes 5 features, but what is below it gives 4"},
    {{"bias", "biass"}, "units[0][0]: Linear has no argument 'biass': did you mean bias?"},
    {{"\"ReLU\"", "\"ReLU\", \"dim\": 1"}, "units[0][2]: ReLU has no argument 'dim': it takes none"},
    {{"ReLU", "Relu"}, "units[0][2].type: unknown layer 'Relu': did you mean ReLU?"},
    {{"ReLU", "Spectrogram"}, "units[0][2].type: unknown layer 'Spectrogram': known are AdaptiveAvgPool2d, "},
    {{"{\"type\": \"ReLU\"}", "{}"}, "units[0][2]: the layer has no \"type\""},
    {{"{\"type\": \"ReLU\"}", "\"ReLU\""}, "units[0][2]: expected a layer such as"},
    {{"\"num_features\": 8", "\"num_features\": 8, \"eps\": 0"}, "units[0][1].eps: expected a number above 0"},
    {{"[4]", "[]"}, "input: expected a list of 1 to 4 sizes"},
    {{"[4]", "[-4]"}, "input[0]: expected a whole number from 1 to 2147483648"},
    {{"[4]", "[65536, 65536]"}, "input[1]: expected a whole number from 1 to 32768"},
    {{"\"input\": [4],", ""}, "\"input\" is missing"},
    {{"units", "layers"}, "unknown 'layers'; known are name, input, units"},
    {{"\"bias\": false", "\"bias\": false, \"bias\": true"}, "units[0][0].bias: is there twice"},
    {{"\"bias\": false}", "\"bias\": false"}, "line 6, column 6: this is no JSON"},
    {{"[4]", "[4"}, "line 4, column 10: this is no JSON"},
  };
  for (const auto& [change, message] : cases) {
    CAPTURE(message);
    CHECK_THAT(make_network(replaced(small, change[0], change[1])).message(), contains(message));
  }
  CHECK_THAT(make_network("{").message(), contains("line 1, column 2: this is no JSON"));
  CHECK_THAT(make_network(R"({"input": [4], "units": []})").message(), contains("units: expected a list"));
  CHECK_THAT(make_network(R"({"input": [4], "units": [[]]})").message(),
             contains("units[0]: expected a list of layers"));
}

TEST_CASE("nesting that goes on and on is refused with the place at which it is too deep, however long") {
  const std::string deep = R"({"input": [4], "units": )" + std::string(1'000'000, '[');
  CHECK_THAT(make_network(deep).message(), contains("units[0][0]") && contains("deeper than 32 levels"));
}

TEST_CASE("a file of JSON becomes a line of text that makes its network anywhere, and is named after the file") {
  const test::temporary_folder folder;
  const auto path = folder.file("net.json");
  std::ofstream(path) << replaced(small, "\"name\": \"small\",", "");
  const auto text = read_model(path);
  REQUIRE(text);
  CHECK(text->find('\n') == std::string::npos);
  const auto made = make_network(*text);
  REQUIRE(made);
  CHECK(made->description == path);
  CHECK(described_layers(*made) == described_layers(*make_network(small)));
  CHECK(name_of_model(*text) == path);
  CHECK(read_model("mlp:4-3").value() == "mlp:4-3");
  CHECK(name_of_model("mlp:4-3") == "mlp:4-3");

  std::ofstream(path) << replaced(small, "small", "# 1"); // begins no comment where it is kept as an option
  CHECK(read_model(path)->find('#') == std::string::npos);
  CHECK(make_network(*read_model(path))->description == "# 1");

  std::ofstream(path) << replaced(small, "ReLU", "Relu");
  CHECK(read_model(path).message() == path + ": units[0][2].type: unknown layer 'Relu': did you mean ReLU?");
  std::ofstream(path) << "[";
  CHECK_THAT(read_model(path).message(), contains(path + ": line 1, column 2: this is no JSON"));
  CHECK_THAT(read_model(folder.file("none.json")).message(), contains("none.json"));
  CHECK_THAT(make_network(path).message(), contains("read_model()"));
}

} // namespace
} // namespace syngrad
