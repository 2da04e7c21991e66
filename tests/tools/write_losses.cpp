// write_losses MODEL FILE: trains a network on twenty batches of noise and writes, as safetensors, its starting
// weights, the batches ("x", "labels") and the loss of each step ("losses"); its JSON is in the metadata. Used by
// torch_test.py.
#include "models/network.hpp"
#include "runtime/cpu/cpu_device.hpp"
#include "runtime/io/safetensors.hpp"
#include "runtime/operators.hpp"
#include "tests/support/sequential_layers.hpp"

#include <iostream>

namespace {

using namespace syngrad;

constexpr std::int64_t steps = 20, batch = 16;
// Larger ones let a deep network amplify differences in rounding, which no two implementations share.
constexpr float learning_rate = 1e-4f;

tensor draw_noise(stream& s, const shape& extents, random_source& random) {
  auto noise = make_tensor(s, extents);
  std::vector<float> values(static_cast<std::size_t>(extents.elements()));
  for (auto& each : values) each = static_cast<float>(random.normal());
  s.ops().upload(s, values.data(), noise);
  return noise;
}

tensor draw_numbers(stream& s, const shape& extents, std::int64_t below, random_source& random) {
  auto numbers = make_tensor(s, extents, dtype::i32);
  std::vector<std::int32_t> values(static_cast<std::size_t>(extents.elements()));
  for (auto& each : values) each = static_cast<std::int32_t>(random.below(static_cast<std::uint32_t>(below)));
  s.ops().upload(s, values.data(), numbers);
  return numbers;
}

int write_losses(const std::string& text, const std::string& path) {
  configure_compute_thread();
  cpu_device cpu;
  auto& s = cpu.make_stream();
  auto net = make_network(text);
  const auto json = show_as_json(text);
  if (!net || !json) {
    std::cerr << (net ? json.message() : net.message()) << '\n';
    return 1;
  }
  const auto input = net->input;
  const auto output = infer_specs(*net)->back();
  random_source random(3, 1);
  const auto x = input.is_numbers() ? draw_numbers(s, input.of(steps * batch), input.categories, random)
                                    : draw_noise(s, input.of(steps * batch), random);
  const auto labels = draw_numbers(s, {steps * batch * output.rows()}, output.features(), random);
  test::sequential_layers layers(s, std::move(*net), 1);

  std::vector<safetensors_entry> entries;
  std::vector<std::vector<float>> starts;
  for (const auto& each : layers.parameters()) {
    starts.emplace_back(each.value.f32(), each.value.f32() + each.value.elements());
    entries.push_back({each.name, dtype::f32, each.value.extents(), starts.back().data()});
  }
  std::vector<float> losses;
  const auto rows = batch * output.rows();
  for (std::int64_t i = 0; i < steps; ++i)
    losses.push_back(
      layers.step(x.view(i * batch * input.elements(), input.of(batch)), labels.view(i * rows, {rows}), learning_rate));
  entries.push_back(safetensors_entry_of("x", x));
  entries.push_back(safetensors_entry_of("labels", labels));
  entries.push_back({"losses", dtype::f32, {steps}, losses.data()});
  const std::map<std::string, std::string> metadata{{"model", *json}};
  auto file = atomic_file::create(path, safetensors_size(entries, metadata));
  if (!file) return 1;
  return write_safetensors(*file, entries, metadata) ? 0 : 1;
}

} // namespace

int main(int count, char** words) {
  return count == 3 ? write_losses(words[1], words[2]) : 2;
}
