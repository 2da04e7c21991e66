// The kinds of network: what they are made of, how large they are, and what is refused.
#include "models/layer_group.hpp"
#include "models/networks/network_kind.hpp"
#include "tests/models/contains.hpp"
#include "tests/support/catch.hpp"

#include "runtime/cpu/cpu_device.hpp"

namespace syngrad {
namespace {

std::int64_t parameters_in(const network& net) {
  std::int64_t sum = 0;
  for (const auto& unit : net.units)
    for (const auto& each : unit)
      for (const auto* of : each->parameters()) sum += of->trained() ? of->extents.elements() : 0;
  return sum;
}

double multiply_adds_in(const network& net) {
  const auto specs = infer_specs(net).value();
  double sum = 0;
  auto below = specs.begin();
  for (const auto& unit : net.units)
    for (const auto& each : unit) sum += each->multiply_adds(*below++);
  return sum;
}

network made(const std::string& text) {
  auto net = make_network(text);
  INFO(text);
  REQUIRE(net);
  return std::move(*net);
}

std::vector<float> starting_values(const std::string& text) {
  cpu_device cpu;
  auto net = made(text);
  layer_list layers;
  for (auto& unit : net.units)
    for (auto& each : unit) layers.push_back(std::move(each));
  layer_group group(cpu.make_stream(), net.input, std::move(layers), {}, 1, 0);
  std::vector<float> all;
  for (const auto& each : group.weights())
    all.insert(all.end(), each.value.f32(), each.value.f32() + each.value.elements());
  return all;
}

TEST_CASE("each kind's example and its JSON make the same network with the same starting values") {
  for (const auto* kind : network_kinds()) {
    const std::string text(kind->example);
    CAPTURE(text);
    const auto json = show_as_json(text);
    REQUIRE(json);
    CHECK(show_as_json(*json).value() == *json);
    CHECK(infer_specs(made(*json)).value() == infer_specs(made(text)).value());
    CHECK(multiply_adds_in(made(*json)) == multiply_adds_in(made(text)));
    CHECK(starting_values(*json) == starting_values(text));
  }
}

TEST_CASE("each kind refuses an empty text and shows its form and an example") {
  for (const auto* kind : network_kinds())
    CHECK_THAT(make_network(std::string(kind->name) + ":").message(),
               contains("; write " + std::string(kind->form)) && contains("for example " + std::string(kind->example)));
}

TEST_CASE("a cnn is units of convolution, batch norm and relu, then the mean over positions and a linear layer") {
  const auto net = made("cnn:28x28x1-32s2-32-64s2-64-10");
  CHECK(net.input == sample_spec{{28, 28, 1}});
  REQUIRE(net.units.size() == 5);
  CHECK(net.units[0].size() == 2);
  CHECK(net.units[4].size() == 2);
  const auto specs = infer_specs(net).value();
  CHECK(specs[2] == sample_spec{{14, 14, 32}});
  CHECK(specs[8] == sample_spec{{7, 7, 64}});
  CHECK(specs.back() == sample_spec{{10}});
  CHECK(parameters_in(net) == 9 * (32 + 32 * 32 + 32 * 64 + 64 * 64) + 2 * (32 + 32 + 64 + 64) + 65 * 10);
  CHECK(made("cnn:8x8x3-4s2x3-2").units.size() == 4);
  CHECK(infer_specs(made("cnn:8x8x3-4s2x3-2"))->at(6) == sample_spec{{4, 4, 4}}); // the stride is that of the first
}

TEST_CASE("a resnet has the sizes of the paper's, with projections where shapes differ") {
  const auto net = made("resnet:20");
  CHECK(net.units.size() == 11);
  CHECK(infer_specs(net)->back() == sample_spec{{10}});
  // 0.27 M with skips that have no parameters; two projections with their normalisations are 2,752 more.
  CHECK(parameters_in(net) == 269'722 + 2'752);
  CHECK(parameters_in(made("resnet:32")) == 464'154 + 2'752);
  CHECK(parameters_in(made("resnet:44")) == 658'586 + 2'752);
  CHECK(parameters_in(made("resnet:56")) == 853'018 + 2'752);
  CHECK(multiply_adds_in(net) / 3 == Approx(41e6).epsilon(0.03)); // forward
  CHECK(parameters_in(made("resnet:20-100")) - parameters_in(net) == 65 * 90);
}

TEST_CASE("a gpt has blocks of two residual branches, positions that are learned, and weights of its own at its end") {
  const auto net = made("gpt:4x64,heads=4,context=32,vocab=65");
  CHECK(net.input == sample_spec{{32}, dtype::i32, 65});
  REQUIRE(net.units.size() == 5);
  CHECK(net.units[0].size() == 3); // the embedding, too
  CHECK(net.units[1].size() == 2);
  CHECK(infer_specs(net)->back() == sample_spec{{32, 65}});
  const auto parameters = [](std::int64_t blocks, std::int64_t width, std::int64_t context, std::int64_t vocabulary) {
    return (2 * vocabulary + context) * width + blocks * (12 * width * width + 13 * width) + 2 * width;
  };
  CHECK(parameters_in(net) == parameters(4, 64, 32, 65));
  CHECK(parameters_in(made("gpt:12x768,heads=12,context=1024,vocab=50257")) == parameters(12, 768, 1024, 50257));
  CHECK(made("gpt:2x8").input == sample_spec{{64}, dtype::i32, 256}); // until data say how many tokens there are
}

TEST_CASE("a gpt with dropout has it behind the embeddings and at the end of each branch, none at 0") {
  const auto with = made("gpt:2x8,heads=2,vocab=5,dropout=0.25"), without = made("gpt:2x8,heads=2,vocab=5,dropout=0");
  REQUIRE(with.units[0].size() == 4); // embedding, dropout, two branches
  CHECK_THAT(with.units[0][1]->describe(), contains("dropout 0.25"));
  REQUIRE(with.units[1].size() == 2);
  for (const auto& branch : with.units[1]) CHECK_THAT(branch->describe(), contains("dropout 0.25"));
  CHECK(parameters_in(with) == parameters_in(without));
  REQUIRE(without.units[0].size() == 3);
  CHECK(without.units[1][0]->describe().find("dropout") == std::string::npos);
}

TEST_CASE("a recurrent network has a unit a layer, and carries its state") {
  const auto net = made("lstm:2x16,chunk=4,vocab=9");
  CHECK(net.input == sample_spec{{4}, dtype::i32, 9});
  REQUIRE(net.units.size() == 3);
  CHECK(net.units[0].size() == 2); // the embedding, too
  CHECK(infer_specs(net)->back() == sample_spec{{4, 9}});
  CHECK(parameters_in(net) == 9 * 16 + 2 * (4 * 16 * (16 + 16) + 2 * 4 * 16) + 17 * 9);
  CHECK(parameters_in(made("gru:1x16,vocab=9")) == 9 * 16 + 3 * 16 * (16 + 16) + 2 * 3 * 16 + 17 * 9);
  CHECK(carrying_layer(net).find("layer 1 (lstm 16->16") == 0);
  CHECK(carrying_layer(made("gpt:1x8,heads=2,vocab=5")) == "");
}

TEST_CASE("what is left out is completed by the data, what is given stays") {
  const sample_spec labels = label_spec(7), tokens{{64}, dtype::i32, 65}, values{{3}};
  CHECK(complete_model("resnet:20", labels) == "resnet:20-7");
  CHECK(complete_model("resnet:20-10", labels) == "resnet:20-10");
  CHECK(complete_model("resnet:20", values) == "resnet:20");
  CHECK(complete_model("gpt:4x64", tokens) == "gpt:4x64,vocab=65");
  CHECK(complete_model("gpt:4x64,vocab=100,heads=2", tokens) == "gpt:4x64,vocab=100,heads=2");
  CHECK(complete_model("mlp:4-3", labels) == "mlp:4-3");
  CHECK(complete_model(R"({"units": []})", labels) == R"({"units": []})");
  CHECK(complete_model("unknown:3", labels) == "unknown:3");
}

TEST_CASE("sizes that make no network are refused with the reason") {
  const std::pair<const char*, const char*> cases[] = {
    {"cnn:28x28-32-10", "the image '28x28' is not HEIGHTxWIDTHxCHANNELS"},
    {"cnn:28x28x0-32-10", "the size of an image '0'"},
    {"cnn:28x28x1-10", "at least one convolution"},
    {"cnn:28x28x1-32s0-10", "the stride '0'"},
    {"cnn:28x28x1-s2-10", "the number of channels ''"},
    {"cnn:28x28x1-8x2000-10", "the count of layers '2000'"},
    {"cnn:28x28x1-8x600-8x600-10", "more than 1000 layers"},
    {"cnn:28x28x1-32-0", "the number of classes '0'"},
    {"resnet:21", "the depth 21 is not 6n + 2, such as 20, 32, 44 or 56"},
    {"resnet:2", "the depth '2' is not a whole number from 8"},
    {"resnet:20-", "the number of classes ''"},
    {"gpt:4", "'4' is no number of layers and width"},
    {"gpt:0x64", "the number of layers '0'"},
    {"gpt:4x64,heads=5", "the width 64 cannot be shared evenly by 5 heads"},
    {"gpt:4x64,head=4", "unknown option 'head': did you mean heads?"},
    {"gpt:4x64,depth=1", "unknown option 'depth': known are heads, context, vocab, dropout"},
    {"gpt:4x64,dropout=1", "dropout '1' is not a number of at least 0 and below 1"},
    {"gpt:4x64,dropout=-0.1", "dropout '-0.1'"},
    {"gpt:4x64,dropout=nan", "dropout 'nan'"},
    {"gpt:4x64,dropout=", "dropout ''"},
    {"lstm:128", "'128' is no number of layers and width"},
    {"gru:1x8,context=4", "unknown option 'context': known are chunk, vocab"},
    {"gpt:4x64,heads", "heads has no value: write heads=N"},
    {"gpt:4x64,heads=2,heads=4", "heads is given twice"},
    {"gpt:4x64,context=0", "context '0' is not a whole number from 1"},
  };
  for (const auto& [text, why] : cases) CHECK_THAT(make_network(text).message(), contains(why));
}

TEST_CASE("layers in JSON take PyTorch's arguments, and are refused with their place where they do not fit") {
  const auto of = [](const std::string& input, const std::string& layers) {
    return make_network(R"({"input": )" + input + R"(, "units": [[)" + layers + "]]}");
  };
  const auto image = [&](const std::string& layers) { return of("[8, 8, 2]", layers); };
  CHECK(infer_specs(
          *image(R"({"type": "Conv2d", "in_channels": 2, "out_channels": 3, "kernel_size": [3, 1], "stride": 2})"))
          ->back() == sample_spec{{3, 4, 3}});
  CHECK(infer_specs(*image(R"({"type": "MaxPool2d", "kernel_size": 2})"))->back() == sample_spec{{4, 4, 2}});
  CHECK(infer_specs(*image(R"({"type": "AvgPool2d", "kernel_size": 3, "stride": 1, "padding": 1})"))->back() ==
        sample_spec{{8, 8, 2}});
  CHECK(image(R"({"type": "AdaptiveAvgPool2d", "output_size": 1}, {"type": "Flatten"})")->units[0].size() == 1);
  const std::pair<std::string, const char*> cases[] = {
    {R"({"type": "Conv2d", "in_channels": 2, "out_channels": 3, "kernel_size": 3, "padding": "same"})",
     "units[0][0].padding: expected a whole number from 0"},
    {R"({"type": "Conv2d", "in_channels": 2, "out_channels": 3, "kernel_size": [3, 3, 3]})",
     "units[0][0].kernel_size: expected one number, or two in a list"},
    {R"({"type": "Conv2d", "in_channels": 2, "out_channels": 3, "kernel_size": 9})", "units[0][0]: Conv2d takes"},
    {R"({"type": "Residual", "layers": [{"type": "ReLU"}, {"type": "Tanh"}]})",
     "units[0][0].layers[1].type: unknown layer 'Tanh'"},
    {R"({"type": "Residual", "layers": [{"type": "MaxPool2d", "kernel_size": 2}]})", "units[0][0]: Residual adds"},
    {R"({"type": "Residual", "layers": []})", "units[0][0].layers: expected a list of layers"},
    {R"({"type": "GELU", "approximate": "tan"})", "units[0][0].approximate: expected none or tanh"},
    {R"({"type": "LayerNorm", "normalized_shape": 3})", "units[0][0]: LayerNorm takes 3 features"},
    {R"({"type": "MultiheadAttention", "embed_dim": 2, "num_heads": 1})", "units[0][0]: MultiheadAttention takes"},
    {R"({"type": "Embedding", "num_embeddings": 2, "embedding_dim": 3})",
     "units[0][0]: Embedding takes numbers below 2"},
  };
  for (const auto& [layers, why] : cases) CHECK_THAT(image(layers).message(), contains(why));
  const auto tokens = of(R"({"shape": [4], "categories": 9})",
                         R"({"type": "Embedding", "num_embeddings": 9, "embedding_dim": 6, "positions": 4},
                            {"type": "MultiheadAttention", "embed_dim": 6, "num_heads": 4})");
  CHECK_THAT(tokens.message(), contains("units[0][1]: MultiheadAttention needs a number of heads that divides its 6"));
}

} // namespace
} // namespace syngrad
