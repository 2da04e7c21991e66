// How fast the CPU's operators of a transformer are, on one thread, beside the product of queries, keys and values of
// the same rows, with which each takes turns: the rows of a Markdown table. tests/bench/transformer_operators.py makes
// the table.
#include "runtime/cpu/cpu_device.hpp"
#include "runtime/operators.hpp"
#include "runtime/random.hpp"
#include "tests/bench/thread_bursts.hpp"

#include <cstdio>
#include <string>

namespace {

using namespace syngrad;

constexpr std::int64_t heads = 4, characters = 65;

class transformer_bench {
public:
  transformer_bench(std::int64_t samples, std::int64_t context, std::int64_t width)
    : samples_(samples), context_(context), width_(width), x_(normal({samples * context, width})),
      projection_(normal({3 * width, width})), qkv_(normal({samples, context, 3 * width})) {}

  void layer_norm();
  void gelu();
  void embedding();
  void attention(bool causal);

private:
  tensor normal(shape extents) {
    auto made = make_tensor(stream_, extents);
    for (std::int64_t i = 0; i < made.elements(); ++i) made.f32()[i] = static_cast<float>(random_.normal());
    return made;
  }

  std::int64_t rows() const { return samples_ * context_; }
  // `needed`: multiply-adds of its products, or 0.
  void measure(const std::string& name, double needed, const std::function<void()>& work);

  cpu_device device_;
  stream& stream_ = device_.make_stream();
  operators& ops_ = device_.ops();
  random_source random_{1, 0};
  std::int64_t samples_, context_, width_;
  tensor x_, projection_, qkv_;
};

void transformer_bench::measure(const std::string& name, double needed, const std::function<void()>& work) {
  const auto product = [this] {
    ops_.matmul(stream_,
                {.a = x_, .transpose_a = transpose::no, .b = projection_, .transpose_b = transpose::yes, .c = qkv_});
  };
  const auto [seconds, of_product] = median_seconds<2>({work, product});
  const auto rate = static_cast<double>(3 * rows() * width_ * width_) / of_product; // multiply-adds a second
  std::printf("| %ld x %ld x %ld | %s | %.0f | %.2f |", static_cast<long>(samples_), static_cast<long>(context_),
              static_cast<long>(width_), name.c_str(), seconds * 1e6, seconds * rate * 1e-6);
  if (needed > 0)
    std::printf(" %.2f | %.0f %% |", needed * 1e-6, 100 * needed / rate / seconds);
  else
    std::printf(" | |");
  std::printf(" %.0f |\n", 2e-9 * rate);
}

void transformer_bench::layer_norm() {
  const auto dy = normal({rows(), width_}), weight = normal({width_}), bias = normal({width_});
  auto y = normal({rows(), width_}), dx = normal({rows(), width_}), saved = normal({2, rows()}),
       dweight = normal({width_}), dbias = normal({width_});
  measure("layer_norm", 0,
          [&] { ops_.layer_norm(stream_, {.x = x_, .weight = &weight, .bias = &bias, .y = y, .saved = &saved}); });
  measure("layer_norm, backward", 0, [&] {
    ops_.layer_norm_backward(
      stream_, {.dy = dy, .x = x_, .weight = &weight, .saved = saved, .dx = &dx, .dweight = &dweight, .dbias = &dbias});
  });
}

void transformer_bench::gelu() {
  const auto x = normal({rows(), 4 * width_}), dy = normal({rows(), 4 * width_});
  auto out = normal({rows(), 4 * width_});
  for (const auto how : {gelu_approximation::none, gelu_approximation::tanh}) {
    const std::string name = how == gelu_approximation::none ? "gelu, 4 x width" : "gelu with tanh, 4 x width";
    measure(name, 0, [&] { ops_.gelu(stream_, x, how, out); });
    measure(name + ", backward", 0, [&] { ops_.gelu_backward(stream_, dy, x, how, out); });
  }
}

void transformer_bench::embedding() {
  auto tokens = make_tensor(stream_, {rows()}, dtype::i32);
  for (std::int64_t i = 0; i < rows(); ++i) tokens.i32()[i] = static_cast<std::int32_t>(random_.below(characters));
  auto table = normal({characters, width_}), y = normal({rows(), width_});
  const auto position = normal({context_, width_}), dy = normal({rows(), width_});
  measure("embedding", 0,
          [&] { ops_.embedding(stream_, {.tokens = tokens, .weight = table, .position = &position, .y = y}); });
  measure("embedding, backward", 0, [&] { ops_.embedding_backward(stream_, dy, tokens, false, table); });
}

void transformer_bench::attention(bool causal) {
  const auto qkv = normal({samples_, context_, 3 * width_}), dy = normal({samples_, context_, width_});
  auto y = normal({samples_, context_, width_}), log_sum_exp = normal({samples_, heads, context_}),
       dqkv = normal({samples_, context_, 3 * width_});
  const auto pairs = causal ? context_ * (context_ + 1) / 2 : context_ * context_;
  const auto product = static_cast<double>(samples_ * pairs * width_);
  const std::string name = causal ? "attention, causal" : "attention";
  measure(name, 2 * product, [&] {
    ops_.attention(stream_, {.qkv = qkv, .y = y, .log_sum_exp = &log_sum_exp, .heads = heads, .causal = causal});
  });
  measure(name + ", backward", 5 * product, [&] {
    ops_.attention_backward(
      stream_,
      {.dy = dy, .qkv = qkv, .y = y, .log_sum_exp = log_sum_exp, .dqkv = dqkv, .heads = heads, .causal = causal});
  });
}

} // namespace

int main() {
  syngrad::configure_compute_thread();
  for (const std::int64_t samples : {8, 16})
    for (const std::int64_t context : {64, 128})
      for (const std::int64_t width : {64, 128}) {
        transformer_bench bench(samples, context, width);
        bench.layer_norm();
        bench.gelu();
        bench.embedding();
        for (const bool causal : {false, true}) bench.attention(causal);
      }
}
