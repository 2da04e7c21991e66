// A layer of a user's own over images, [batch, height, width, channels]: it trains over one process and over three,
// with the same weights. Between groups everything is rows, whatever the shape of a sample.
#include "models/layers/flatten.hpp"
#include "models/layers/linear.hpp"
#include "models/layers/relu.hpp"
#include "runtime/cpu/cpu_device.hpp"
#include "runtime/random.hpp"
#include "tests/actors/distributed/loop_cluster.hpp"
#include "tests/actors/threaded_run.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <cmath>

using namespace syngrad;
using namespace syngrad::test;

namespace {

// Each output is the sum of a patch of 2 x 2 positions, weighted by position and channel. Computed on the host, as a
// test may.
class patch_sum : public layer {
public:
  explicit patch_sum(std::int64_t channels) : weight_("weight", {4, channels}) {}

  std::string describe() const override { return "patch sum " + std::to_string(channels()); }
  result<sample_spec> infer(const sample_spec& below) const override {
    const auto& of = below.extents;
    if (of.rank() != 3 || of[2] != channels() || of[0] % 2 != 0 || of[1] % 2 != 0)
      return error::setting("takes an even height and width and " + std::to_string(channels()) + " channels");
    return sample_spec{{of[0] / 2, of[1] / 2, of[2]}};
  }
  double multiply_adds(const sample_spec& below) const override { return 3.0 * static_cast<double>(below.elements()); }
  std::size_t cached_tensors() const override { return 1; }
  std::vector<parameter*> parameters() override { return {&weight_}; }
  void initialize(stream&, random_source& random) override {
    auto* each = weight_.value.f32();
    for (std::int64_t i = 0; i < weight_.value.elements(); ++i) each[i] = static_cast<float>(random.uniform(0, 1));
  }

  tensor forward(stream& s, const tensor& x, phase, layer_cache cache) override {
    const auto& of = x.extents();
    auto y = make_tensor(s, {of[0], of[1] / 2, of[2] / 2, of[3]});
    host(s).launch([extents = y.extents(), w = weight_.value.f32(), in = x.f32(), out = y.f32()] {
      std::fill_n(out, extents.elements(), 0.0f);
      each_weight(extents, [&](std::int64_t to, std::int64_t from, std::int64_t by) { out[to] += w[by] * in[from]; });
    });
    if (!cache.empty()) cache[0] = x;
    return y;
  }

  tensor backward(stream& s, const tensor& dy, layer_cache cache, backward_request wanted) override {
    const auto& x = cache[0];
    auto dx = make_tensor(s, x.extents());
    host(s).launch([wanted, extents = dy.extents(), n = weight_.value.elements(), w = weight_.value.f32(), in = x.f32(),
                    up = dy.f32(), dw = weight_.gradient.f32(), down = dx.f32()] {
      if (wanted.parameter_gradient && !wanted.accumulate) std::fill_n(dw, n, 0.0f);
      each_weight(extents, [&](std::int64_t to, std::int64_t from, std::int64_t by) {
        if (wanted.parameter_gradient) dw[by] += up[to] * in[from];
        down[from] = up[to] * w[by];
      });
    });
    return wanted.input_gradient ? dx : tensor();
  }

private:
  std::int64_t channels() const { return weight_.extents[1]; }

  // Each element of an output of these extents with each element of its patch and the weight between them.
  static void each_weight(const shape& y, const auto& visit) {
    const auto height = y[1], width = y[2], channels = y[3];
    for (std::int64_t row = 0; row < y[0] * height; ++row)
      for (std::int64_t column = 0; column < width; ++column)
        for (std::int64_t part = 0; part < 4; ++part)
          for (std::int64_t c = 0; c < channels; ++c)
            visit((row * width + column) * channels + c,
                  ((2 * row + part / 2) * 2 * width + 2 * column + part % 2) * channels + c, part * channels + c);
  }

  parameter weight_;
};

layer_list list_of(auto... layers) {
  layer_list out;
  (out.push_back(std::move(layers)), ...);
  return out;
}

template <class Layer, class... Arguments>
std::unique_ptr<layer> made(Arguments... arguments) {
  return std::make_unique<Layer>(arguments...);
}

// 8 x 8 x 2 -> 4 x 4 -> 2 x 2 positions between the groups -> one label.
network of_images() {
  network net{"images", {{8, 8, 2}}, {}};
  net.units.push_back(list_of(made<patch_sum>(2), made<linear>(2, 6, true), made<relu>(6)));
  net.units.push_back(list_of(made<patch_sum>(6), made<linear>(6, 6, true), made<relu>(6)));
  net.units.push_back(list_of(made<linear>(6, 6, true), made<relu>(6)));
  net.units.push_back(list_of(made<flatten>(shape{2, 2, 6}), made<linear>(24, 3, true)));
  return net;
}

// 8 x 8 x 2 -> 4 x 4 labels.
network of_positions() {
  network net{"positions", {{8, 8, 2}}, {}};
  net.units.push_back(list_of(made<patch_sum>(2), made<linear>(2, 12, true), made<relu>(12)));
  for (int i = 0; i < 2; ++i) net.units.push_back(list_of(made<linear>(12, 12, true), made<relu>(12)));
  net.units.push_back(list_of(made<linear>(12, 3, true)));
  return net;
}

// Noise in which a quarter of the image is brighter, at the top left, the top right or below: its label. With a label
// of each patch it is whether, and in which channel, that patch is brighter.
dataset images(bool label_each_patch) {
  dataset out;
  out.name = "quarters";
  out.input = {{128}}; // a vector is an image of as many elements
  out.target = label_each_patch ? sample_spec{{4, 4}, dtype::i32, 3} : label_spec(3);
  random_source random(5, 0);
  for (auto* set : {&out.train, &out.test}) {
    set->count = set == &out.train ? 512 : 128;
    for (std::int64_t i = 0; i < set->count; ++i) {
      const auto label = static_cast<std::int32_t>(random.below(3)),
                 channel = static_cast<std::int32_t>(random.below(2));
      const auto bright = [&](int row, int column) {
        return label == 0 ? row < 4 && column < 4 : label == 1 ? row < 4 && column >= 4 : row >= 4;
      };
      for (int row = 0; row < 8; ++row)
        for (int column = 0; column < 8; ++column)
          for (int c = 0; c < 2; ++c)
            set->floats.push_back(
              static_cast<float>(0.5 * random.normal() + (bright(row, column) && c == channel ? 1 : 0)));
      if (!label_each_patch) set->labels.push_back(label);
      for (int patch = 0; label_each_patch && patch < 16; ++patch)
        set->labels.push_back(patch == 7 ? no_label : bright(patch / 4 * 2, patch % 4 * 2) ? channel + 1 : 0);
    }
  }
  return out;
}

training_settings image_settings(const std::string& policy, std::int64_t steps) {
  auto out = loop_cluster::four_groups(policy);
  out.batch_size = 16;
  out.steps = steps;
  out.evaluate_every = 0;
  out.learning_rate = 0.01f;
  return out;
}

// Over one process and over three; the test error.
double same_error(const training_settings& settings, network (*make)(), const dataset& data) {
  cpu_device cpu;
  const auto alone = run_threaded(settings, make(), data, cpu);
  REQUIRE(alone.summary.failure == "");
  loop_cluster cluster{settings, {1, 2, 2, 0}};
  cluster.change = [make](network& net) { net = make(); };
  cluster.samples = &data;
  const auto together = cluster.run();
  REQUIRE(together.summary.failure == "");
  CHECK(together.summary.final_loss == alone.summary.final_loss);
  CHECK(together.summary.test["error"] == alone.summary.test["error"]);
  return alone.summary.test["error"];
}

} // namespace

TEST_CASE("a layer over images trains with every policy, over one process and over three") {
  const std::string policy = GENERATE("locked", "delayed", "synthetic", "corrected");
  CAPTURE(policy);
  auto settings = image_settings(policy, 400);
  settings.synthetic.labels = false; // a position has no label of its own
  const auto error = same_error(settings, of_images, images(false));
  // Chance is 67 %. A prediction from the activation alone cannot know the label: only the upper groups learn.
  CHECK(error < (policy == "synthetic" ? 66 : 10));
}

TEST_CASE("a label of each position is a loss term of its own, and predictors see it") {
  const std::string policy = GENERATE("locked", "synthetic");
  CAPTURE(policy);
  const auto data = images(true);
  CHECK(same_error(image_settings(policy, 300), of_positions, data) < 15);
}

TEST_CASE("what does not fit between an image, its layers and its labels is refused, with the layer and the remedy") {
  cpu_device cpu;
  const auto refusal = [&](network net, const dataset& data, const training_settings& settings) {
    const auto prepared = training::prepare(settings, std::move(net), data, cpu);
    return prepared ? std::string() : prepared.message();
  };
  const auto locked = image_settings("locked", 10);
  CHECK(refusal(of_images(), images(false), locked) == "");
  auto narrow = of_images();
  narrow.input = {{6, 8, 2}};
  CHECK(
    refusal(std::move(narrow), images(false), locked) ==
    "model 'images': layer 3 (patch sum 6) takes an even height and width and 6 channels, but what is below it gives "
    "3x4x6");
  auto turned = images(false);
  turned.input = {{16, 4, 2}};
  CHECK(refusal(of_images(), turned, locked) ==
        "model: the data 'quarters' has 16x4x2 and 3 classes, but images takes 8x8x2 and tells 3");
  CHECK(
    refusal(of_positions(), images(false), locked) ==
    "model: the data 'quarters' has 128 features and 3 classes, but positions takes 8x8x2 and tells 3 at each of 16 "
    "positions");
  auto unlabelled = image_settings("synthetic", 10);
  CHECK(refusal(of_images(), images(false), unlabelled) == ""); // the label of a sample serves all its positions
  unlabelled.synthetic.kind = "exit";
  unlabelled.synthetic.labels = false;
  CHECK(refusal(of_images(), images(false), unlabelled) ==
        "sg: got 'exit' above unit 0: synthetic-gradient model 'exit': it learns from labels, and there are none; use "
        "another --sg, --condition none, or another --split");
  auto single = locked;
  single.batch_size = 1;
  CHECK(refusal(of_images(), images(false), single) == "");
}
