#include "models/layers/avg_pool2d.hpp"
#include "models/layers/batch_norm.hpp"
#include "models/layers/conv2d.hpp"
#include "models/layers/global_avg_pool.hpp"
#include "models/layers/max_pool2d.hpp"

#include "models/layer_group.hpp"
#include "tests/models/layer_checks.hpp"
#include "tests/models/layers_of.hpp"
#include "tests/support/late_device.hpp"

namespace syngrad {
namespace {

struct image_layer_case {
  const char* name;
  std::unique_ptr<layer> (*make)(bench&, const shape& input);
};

window2d random_window(bench& b) {
  return {.kernel_size = {b.between(1, 3), b.between(1, 3)}, .stride = {b.between(1, 2), b.between(1, 2)}};
}

extent2d half_of(extent2d kernel) {
  return {kernel.height / 2, kernel.width / 2};
}

std::unique_ptr<layer> random_convolution(bench& b, const shape& input, bool bias) {
  const auto window = random_window(b);
  return std::make_unique<conv2d>(
    input[2], b.between(1, 6), window.kernel_size,
    conv2d::options{.stride = window.stride, .padding = {b.between(0, 1), b.between(0, 1)}, .bias = bias});
}

const image_layer_case image_layers[] = {
  {"conv2d", [](bench& b, const shape& input) { return random_convolution(b, input, false); }},
  {"conv2d with bias", [](bench& b, const shape& input) { return random_convolution(b, input, true); }},
  {"max pool",
   [](bench& b, const shape&) -> std::unique_ptr<layer> {
     const auto window = random_window(b);
     return std::make_unique<max_pool2d>(window.kernel_size, window.stride, half_of(window.kernel_size));
   }},
  {"avg pool",
   [](bench& b, const shape&) -> std::unique_ptr<layer> {
     const auto window = random_window(b);
     return std::make_unique<avg_pool2d>(window.kernel_size, window.stride, half_of(window.kernel_size));
   }},
  {"global avg pool",
   [](bench&, const shape&) -> std::unique_ptr<layer> { return std::make_unique<global_avg_pool>(); }},
  {"batch norm",
   [](bench&, const shape& input) -> std::unique_ptr<layer> {
     return std::make_unique<batch_norm>(input[2], batch_norm::options{});
   }},
};

shape random_image(bench& b) {
  return {b.between(3, 6), b.between(3, 6), b.between(1, 5)};
}

template <class Check>
void for_image_layers(Check check) {
  for (const auto& each : image_layers)
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
      INFO(each.name << ", seed " << seed);
      bench b(seed);
      const auto image = random_image(b);
      const bound_layer tested(b, each.make(b, image), image);
      INFO(tested.it->describe() << " of " << tested.input.to_string());
      check(b, tested, b.between(2, 4));
    }
}

TEST_CASE("the gradients of layers of images agree with finite differences on random shapes") {
  for_image_layers(check_finite_differences);
}

TEST_CASE("layers of images accumulate gradients, and compute only those that are asked for") {
  for_image_layers(check_accumulation);
}

TEST_CASE("batches of images in flight through one layer do not disturb each other") {
  for_image_layers(check_late_gradients);
}

TEST_CASE("a backward pass through images in two parts gives what one at once gives, bit for bit") {
  for_image_layers(check_two_parts);
}

TEST_CASE("layers of images give in evaluation, without a cache, what they give in training") {
  for_image_layers([](bench& b, const bound_layer& tested, std::int64_t batch) {
    if (dynamic_cast<const batch_norm*>(tested.it.get())) return; // its statistics differ
    const auto x = b.normal(tested.input.of(batch));
    auto cache = tested.cache();
    const auto trained = to_vector(tested.it->forward(b.s, x, phase::train, cache));
    CHECK(to_vector(tested.it->forward(b.s, x, phase::evaluate, {})) == trained);
  });
}

TEST_CASE("a convolution computes what is written down by hand") {
  bench b;
  conv2d tested(1, 2, {1, 2}, {.padding = {0, 1}});
  arena memory(b.s, {tested.parameters()});
  std::ranges::copy(std::vector<float>{1, 2, -1, 0.5f}, tested.parameters()[0]->value.f32());
  std::ranges::copy(std::vector<float>{10, 20}, tested.parameters()[1]->value.f32());
  const auto y = tested.forward(b.s, b.upload({1, 1, 3, 1}, {1, 2, 3}), phase::evaluate, {});
  CHECK(y.extents() == shape{1, 1, 4, 2});
  CHECK(to_vector(y) == std::vector<float>{12, 20.5f, 15, 20, 18, 19.5f, 13, 17});
}

TEST_CASE("a convolution starts uniform within one over the root of the inputs of a window") {
  bench b;
  conv2d tested(16, 40, 3, {});
  arena memory(b.s, {tested.parameters()});
  tested.initialize(b.s, b.random);
  double sum = 0, squares = 0;
  for (const auto weight : values(tested.parameters()[0]->value)) {
    REQUIRE(std::abs(weight) <= 1.0f / 12);
    sum += weight;
    squares += double{weight} * weight;
  }
  CHECK(std::abs(sum / 5760) < 0.0026);                         // four deviations of the mean
  CHECK(squares / 5760 == Approx(1.0 / 144 / 3).epsilon(0.06)); // variance of the uniform distribution
  CHECK(norm(values(tested.parameters()[1]->value)) > 0);       // the bias is drawn as well
  for (const auto bias : values(tested.parameters()[1]->value)) REQUIRE(std::abs(bias) <= 1.0f / 12);
}

TEST_CASE("a NaN passes through max pooling, and the padding is never the largest") {
  bench b;
  max_pool2d tested(3, 2, 1);
  const auto y = to_vector(
    tested.forward(b.s, b.upload({1, 2, 4, 1}, {-1, -2, -3, -4, -5, -6, -7, std::nanf("")}), phase::evaluate, {}));
  CHECK(y[0] == -1);
  CHECK(std::isnan(y[1]));
}

TEST_CASE("batch norm of images takes the statistics of a channel over all positions, and two positions are enough") {
  bench b;
  batch_norm tested(2, {});
  arena memory(b.s, {tested.parameters()});
  tested.initialize(b.s, b.random);
  std::vector<tensor> cache(3);
  const auto y =
    to_vector(tested.forward(b.s, b.upload({1, 2, 2, 2}, {1, 10, 2, 10, 3, 30, 6, 30}), phase::train, cache));
  const auto deviation = std::sqrt(3.5 + 1e-5); // of 1, 2, 3, 6 around 3
  CHECK(y[0] == Approx(-2 / deviation).margin(tolerance::formula));
  CHECK(y[6] == Approx(3 / deviation).margin(tolerance::formula));
  CHECK(y[1] == Approx(-1).margin(1e-5));
  CHECK(y[7] == Approx(1).margin(1e-5));
  CHECK(tested.least_samples({{2, 2, 2}}) == 1);
  CHECK(tested.least_samples({{1, 1, 2}}) == 2);
}

TEST_CASE("layers of images describe themselves, their cost, and what they make of a sample") {
  const sample_spec image{{28, 30, 16}}, row{{784}}, small{{2, 3, 16}};
  CHECK(conv2d(16, 32, 3, {}).describe() == "conv2d 16->32 3x3");
  CHECK(conv2d(16, 32, 3, {.stride = 2, .padding = 1}).describe() == "conv2d 16->32 3x3, stride 2, padding 1");
  CHECK(conv2d(16, 32, {3, 1}, {.padding = {1, 0}}).describe() == "conv2d 16->32 3x1, padding 1x0");
  CHECK(conv2d(16, 32, 3, {.stride = 2, .padding = 1}).infer(image).value() == sample_spec{{14, 15, 32}});
  CHECK(conv2d(16, 32, 3, {.stride = 2, .padding = 1}).multiply_adds(image) == 3.0 * 14 * 15 * 32 * 9 * 16);
  CHECK(conv2d(8, 32, 3, {}).infer(image).message() == "takes images of 8 channels");
  CHECK(conv2d(1, 32, 3, {}).infer(row).message() == "takes images of 1 channel");
  CHECK(conv2d(16, 32, 5, {.padding = 1}).infer(small).message() == "takes images of at least 3x3");
  CHECK(conv2d(16, 32, 3, {.stride = 0}).infer(image).message() ==
        "takes a kernel and a stride of 1 or more and a padding of 0 or more");
  CHECK(conv2d(16, 32, 3, {.padding = {0, -1}}).infer(image).message() ==
        "takes a kernel and a stride of 1 or more and a padding of 0 or more");

  CHECK(max_pool2d(2).describe() == "max pool 2x2, stride 2");
  CHECK(max_pool2d(3, 2, 1).infer(image).value() == sample_spec{{14, 15, 16}});
  CHECK(max_pool2d(2).multiply_adds(image) == 2.0 * 28 * 30 * 16);
  CHECK(max_pool2d(4).infer(small).message() == "takes images of at least 4x4");
  CHECK(max_pool2d(3, 2, 2).infer(image).message() == "takes a padding of at most half its kernel");
  CHECK(max_pool2d(2).infer(label_spec(3)).message() == "takes images");
  CHECK(avg_pool2d(extent2d{2, 3}).describe() == "avg pool 2x3, stride 2x3");
  CHECK(avg_pool2d(extent2d{2, 3}).infer(image).value() == sample_spec{{14, 10, 16}});
  CHECK(global_avg_pool().describe() == "global avg pool");
  CHECK(global_avg_pool().infer(image).value() == sample_spec{{16}});
  CHECK(global_avg_pool().infer({{5, 16}}).value() == sample_spec{{16}});
  CHECK(global_avg_pool().infer(row).message() == "takes positions, of some channels each");
}

// Convolutions, pooling and normalisation trained for some steps, gradients coming one batch late.
std::vector<std::vector<float>> trained_image_weights(device& where, bool recorded) {
  auto& s = where.make_stream();
  layer_group group(
    s, {{6, 6, 3}},
    layers_of(std::unique_ptr<layer>(std::make_unique<conv2d>(3, 8, 3, conv2d::options{.padding = 1, .bias = false})),
              std::unique_ptr<layer>(std::make_unique<batch_norm>(8, batch_norm::options{.relu = true})),
              std::unique_ptr<layer>(std::make_unique<max_pool2d>(2)),
              std::unique_ptr<layer>(std::make_unique<conv2d>(8, 5, 2, conv2d::options{})),
              std::unique_ptr<layer>(std::make_unique<avg_pool2d>(2, 1, 1)),
              std::unique_ptr<layer>(std::make_unique<global_avg_pool>())),
    {}, 2, 0);
  group.use_recordings(recorded);
  random_source random(11, 0);
  constexpr std::int64_t batch = 6;
  const auto normal = [&](shape extents) {
    std::vector<float> drawn(static_cast<std::size_t>(extents.elements()));
    for (auto& each : drawn) each = static_cast<float>(random.normal());
    auto made = make_tensor(s, extents);
    s.ops().upload(s, drawn.data(), made);
    return made;
  };
  group_cache caches[2];
  for (int i = 0; i < 24; ++i) {
    group.forward(s, normal({batch, 6, 6, 3}), phase::train, &caches[i % 2]);
    if (i > 0)
      group.backward_and_update(s, normal({batch, 5}), caches[(i + 1) % 2], true,
                                {.terms = batch, .learning_rate = 1e-2f});
  }
  REQUIRE((group.recordings().replays > 20) == (recorded && where.records_work()));
  where.synchronize();
  std::vector<std::vector<float>> all;
  for (const auto& [name, value] : group.weights()) all.push_back(to_vector(value));
  return all;
}

TEST_CASE("layers of images train to the same weights on a late device as on the CPU, recorded or not") {
  configure_compute_thread();
  const bool recorded = GENERATE(false, true);
  cpu_device cpu;
  const auto expected = trained_image_weights(cpu, recorded);
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    INFO("seed " << seed);
    test::late_device late(seed);
    REQUIRE(trained_image_weights(late, recorded) == expected);
  }
}

} // namespace
} // namespace syngrad
