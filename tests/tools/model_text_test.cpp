#include "models/network_split.hpp"
#include "models/networks/network_kind.hpp"
#include "tests/support/catch.hpp"
#include "tools/models/model_text.hpp"

using namespace syngrad;
using namespace syngrad::tools;

namespace {

model_summary summary_of(const std::string& text, int groups) {
  const auto net = make_network(text);
  return summarize_model(*net, split_evenly(*net, groups).value());
}

} // namespace

TEST_CASE("A model's table has a row a unit, with its group, what it gives, its costs and layers, and the split") {
  CHECK(format_model_table(summary_of("mlp:784-256x2-10", 2)) ==
        "model mlp:784-256x2-10, of 784 features a sample\n"
        "\n"
        "group  unit         gives  parameters  multiply-adds  share  layers\n"
        "    0     0  256 features     201,216        604,672   75 %  linear 784->256; batch norm 256 + relu\n"
        "    1     1  256 features      66,048        199,168   25 %  linear 256->256; batch norm 256 + relu\n"
        "    1     2   10 features       2,570          7,680    1 %  linear 256->10\n"
        "  all                         269,834        811,520       \n"
        "multiply-adds: of a sample, forward and backward; about a third of them forward\n"
        "2 groups of 1,2 units, with 75 %, 25 % of the multiply-adds\n");
}

TEST_CASE("A unit with the layers of one below says so, and a network of tokens is of tokens") {
  const auto table = format_model_table(summary_of("gpt:3x8,heads=2,context=16,vocab=5", 2));
  CHECK(table.find("of 16 tokens a sample\n") != std::string::npos);
  CHECK(table.find("embedding 5->8, 16 positions; residual (layer norm 8; ") != std::string::npos);
  CHECK(table.find("gelu 32 (tanh); linear 32->8)\n") != std::string::npos);
  CHECK(table.find("  as unit 1\n") != std::string::npos);
  CHECK(table.find("as unit 0") == std::string::npos);
}

TEST_CASE("A model as JSON has the numbers of its table") {
  const auto json = format_model_json(summary_of("mlp:4-8-3", 1));
  for (const auto* part : {R"("model": "mlp:4-8-3")", R"("parameters": 75)", R"("multiply_adds": 248)",
                           R"("linear 4->8")", R"("units": 2)", R"("shape": [)"})
    CHECK(json.find(part) != std::string::npos);
  const auto tokens = format_model_json(summary_of("gpt:1x8,heads=2,vocab=5", 1));
  CHECK(tokens.find("\"categories\": 5") != std::string::npos);
}

TEST_CASE("Each kind of network is listed with its form and an example") {
  for (const auto* kind : network_kinds())
    for (const auto& text : {format_kinds_table(), format_kinds_json()}) {
      CHECK(text.find(kind->form) != std::string::npos);
      CHECK(text.find(kind->example) != std::string::npos);
    }
  CHECK(format_kinds_table().find("FILE.json") != std::string::npos);
}
