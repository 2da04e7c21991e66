#include "tools/bench/bursts.hpp"

#include "actors/training.hpp"
#include "runtime/cpu/cpu_device.hpp"
#include "runtime/random.hpp"

#include <algorithm>
#include <barrier>
#include <chrono>
#include <cmath>
#include <exception>
#include <memory>
#include <semaphore>
#include <sys/resource.h>
#include <thread>

namespace syngrad::tools {

namespace {

class builder {
public:
  std::size_t buffer(shape extents) {
    made.buffers.push_back(extents);
    return made.buffers.size() - 1;
  }

  // c [rows of op(a), columns of op(b)]
  void multiply(std::size_t a, transpose ta, std::size_t b, transpose tb, std::size_t c, float beta = 0,
                bool repeated = false) {
    const auto& left = made.buffers[a];
    const auto inner = ta == transpose::yes ? left[0] : left[1];
    const auto flops = 2.0 * static_cast<double>(made.buffers[c].elements()) * static_cast<double>(inner);
    made.list.push_back({a, b, c, ta, tb, beta, flops, repeated});
  }

  step_products made;
};

struct linear_buffers {
  std::size_t weight, weight_gradient, output, output_gradient;
};

linear_buffers make_linear(builder& b, std::int64_t inputs, std::int64_t outputs, std::int64_t batch) {
  return {b.buffer({outputs, inputs}), b.buffer({outputs, inputs}), b.buffer({batch, outputs}),
          b.buffer({batch, outputs})};
}

void forward(builder& b, std::size_t x, const linear_buffers& layer, bool with_bias, bool repeated = false) {
  b.multiply(x, transpose::no, layer.weight, transpose::yes, layer.output, with_bias ? 1.0f : 0.0f, repeated);
}

void weight_gradient(builder& b, std::size_t x, const linear_buffers& layer) {
  b.multiply(layer.output_gradient, transpose::yes, x, transpose::no, layer.weight_gradient);
}

step_products build(const std::vector<std::int64_t>& widths, std::int64_t batch, bool with_predictors) {
  constexpr auto no = transpose::no;
  builder b;
  const auto input = b.buffer({batch, widths.front()});
  std::vector<linear_buffers> layers;
  for (std::size_t i = 0; i + 1 < widths.size(); ++i) layers.push_back(make_linear(b, widths[i], widths[i + 1], batch));
  const auto x_of = [&](std::size_t i) { return i == 0 ? input : layers[i - 1].output; };

  // In the order of a run: up through the layers, each with its predictor, then down.
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const bool last = i + 1 == layers.size();
    forward(b, x_of(i), layers[i], last); // hidden layers have BatchNorm's bias instead
    if (last || !with_predictors) continue;
    const auto predictor = make_linear(b, widths[i + 1], widths[i + 1], batch);
    const auto h = layers[i].output;
    forward(b, h, predictor, true);
    forward(b, h, predictor, true, true); // training computes its own prediction
    weight_gradient(b, h, predictor);
  }
  for (auto i = layers.size(); i-- > 0;) {
    weight_gradient(b, x_of(i), layers[i]);
    if (i > 0) b.multiply(layers[i].output_gradient, no, layers[i].weight, no, layers[i - 1].output_gradient);
  }
  return std::move(b.made);
}

} // namespace

double step_products::flops() const {
  double sum = 0;
  for (const auto& product : list) sum += product.flops;
  return sum;
}

double step_products::needed_flops() const {
  double sum = 0;
  for (const auto& product : list) sum += product.repeated ? 0 : product.flops;
  return sum;
}

step_products backpropagation_products(const std::vector<std::int64_t>& widths, std::int64_t batch) {
  return build(widths, batch, false);
}

step_products synthetic_linear_products(const std::vector<std::int64_t>& widths, std::int64_t batch) {
  return build(widths, batch, true);
}

namespace {

constexpr int lists_under_way = 8;

// As large as a layer's first weights, so that results stay ordinary numbers.
void randomize(stream& s, tensor& target, random_source& random) {
  const auto bound = 1 / std::sqrt(static_cast<double>(target.columns()));
  std::vector<float> values(static_cast<std::size_t>(target.elements()));
  for (auto& value : values) value = static_cast<float>(random.uniform(-bound, bound));
  s.ops().upload(s, values.data(), target);
}

} // namespace

product_burst::product_burst(step_products products, int threads, device& where) : products_(std::move(products)) {
  for (int i = 0; i < threads; ++i) {
    random_source random(1, static_cast<std::uint64_t>(i));
    lane made{&where.make_stream(), {}};
    for (const auto& extents : products_.buffers) {
      made.buffers.push_back(make_tensor(*made.order, extents));
      randomize(*made.order, made.buffers.back(), random);
    }
    lanes_.push_back(std::move(made));
  }
}

double product_burst::run(double seconds) {
  std::vector<std::exception_ptr> failures(lanes_.size());
  std::barrier start(static_cast<std::ptrdiff_t>(lanes_.size()));
  std::vector<double> rates(lanes_.size());
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    threads.emplace_back([&, i] {
      configure_compute_thread();
      try {
        rate_of(lanes_[i], 0); // makes the primitives
      } catch (...) {
        failures[i] = std::current_exception();
      }
      start.arrive_and_wait();
      if (failures[i]) return;
      try {
        rates[i] = rate_of(lanes_[i], seconds);
      } catch (...) {
        failures[i] = std::current_exception();
      }
    });
  }
  for (auto& thread : threads) thread.join();
  for (const auto& failure : failures)
    if (failure) std::rethrow_exception(failure);
  double sum = 0;
  for (const auto rate : rates) sum += rate;
  return sum;
}

double product_burst::rate_of(lane& here, double seconds) const {
  using clock = std::chrono::steady_clock;
  using semaphore = std::counting_semaphore<lists_under_way>;
  const auto room = std::make_shared<semaphore>(lists_under_way); // a callback may come after a failure was thrown
  const auto begin = clock::now();
  std::int64_t count = 0;
  std::chrono::duration<double> elapsed{};
  do {
    room->acquire();
    execute(here);
    here.order->on_complete([room] { room->release(); });
    ++count;
    elapsed = clock::now() - begin;
  } while (elapsed.count() < seconds);
  for (int i = 0; i < lists_under_way; ++i) room->acquire(); // all are done
  elapsed = clock::now() - begin;
  here.order->raise_failure();
  return static_cast<double>(count) / elapsed.count();
}

void product_burst::execute(lane& here) const {
  for (const auto& product : products_.list)
    here.order->ops().matmul(*here.order, {.a = here.buffers[product.a],
                                           .transpose_a = product.transpose_a,
                                           .b = here.buffers[product.b],
                                           .transpose_b = product.transpose_b,
                                           .c = here.buffers[product.c],
                                           .beta = product.beta});
}

namespace {

double processor_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

sample_set random_samples(std::int64_t features, std::int32_t classes, std::int64_t count, random_source& random) {
  sample_set made;
  made.count = count;
  made.bytes.resize(static_cast<std::size_t>(count * features));
  for (auto& byte : made.bytes) byte = static_cast<std::uint8_t>(random.below(256));
  made.labels.resize(static_cast<std::size_t>(count));
  for (auto& label : made.labels) label = static_cast<std::int32_t>(random.below(static_cast<std::uint32_t>(classes)));
  return made;
}

} // namespace

dataset random_dataset(std::int64_t features, std::int32_t classes, std::int64_t count) {
  random_source random(1, 0);
  dataset made;
  made.name = "random";
  made.input = {{features}};
  made.target = label_spec(classes);
  made.train = random_samples(features, classes, count, random);
  made.test = random_samples(features, classes, 256, random);
  return made;
}

result<training_speed> training_burst::run(std::int64_t steps, const dataset& data, device& where) const {
  auto net = make_network(model);
  if (!net) return net.failure();
  training_settings settings;
  settings.policy = policy;
  settings.split.assign(net->units.size(), 1);
  settings.synthetic.kind = predictor;
  settings.optimizer.name = optimizer;
  settings.recompute = recompute;
  settings.batch_size = batch;
  settings.steps = steps;
  settings.threads = threads;
  settings.cuda_graphs = cuda_graphs;
  auto prepared = training::prepare(settings, std::move(*net), data, where);
  if (!prepared) return prepared.failure();
  const auto begin = processor_seconds();
  const auto summary = (*prepared)->run();
  const auto used = processor_seconds() - begin;
  if (summary.end != run_end::finished)
    return error::internal("a training of " + model + " ended early: " + summary.failure);
  return training_speed{summary.steps_per_s, used / static_cast<double>(std::max<std::int64_t>(1, summary.steps))};
}

} // namespace syngrad::tools
