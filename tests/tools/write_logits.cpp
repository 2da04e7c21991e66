// What a network with the weights of a file gives for random inputs: write_logits WEIGHTS OUT. The file says of which
// model it is; OUT gets "x" [samples, ...], tokens as i32, and "logits" [rows, outputs].
#include "models/trained_network.hpp"
#include "runtime/cpu/cpu_device.hpp"
#include "runtime/io/safetensors.hpp"
#include "runtime/operators.hpp"
#include "runtime/random.hpp"

#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

using namespace syngrad;

namespace {

constexpr std::int64_t samples = 6;

tensor random_inputs(stream& s, const sample_spec& of) {
  random_source random(3, 0);
  auto x = make_tensor(s, of.of(samples), of.type);
  for (std::int64_t i = 0; i < x.elements(); ++i)
    if (of.is_numbers())
      x.i32()[i] = static_cast<std::int32_t>(random.below(static_cast<std::uint32_t>(of.categories)));
    else
      x.f32()[i] = static_cast<float>(random.below(1000)) / 500 - 1;
  return x;
}

template <class Value>
Value must(result<Value> made) {
  if (!made) throw std::runtime_error(made.message());
  return std::move(*made);
}

void write(const std::string& weights, const std::string& out) {
  configure_compute_thread();
  cpu_device cpu;
  auto& s = cpu.make_stream();
  const auto file = must(read_safetensors(weights));
  auto net = must(trained_network::make(s, must(make_network(file.metadata.at("model"))), file.tensors));
  const auto x = random_inputs(s, net.input());
  const auto logits = net.forward(s, x);
  const std::vector<safetensors_entry> entries{safetensors_entry_of("x", x), safetensors_entry_of("logits", logits)};
  auto target = must(atomic_file::create(out));
  must(write_safetensors(target, entries, {}));
}

} // namespace

int main(int count, char** words) {
  if (count != 3) return 2;
  try {
    write(words[1], words[2]);
    return 0;
  } catch (const std::exception& failure) {
    std::cerr << failure.what() << '\n';
    return 1;
  }
}
