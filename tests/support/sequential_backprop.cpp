#include "tests/support/sequential_backprop.hpp"

#include "runtime/data/batch_order.hpp"
#include "runtime/operators.hpp"
#include "runtime/random.hpp"

#include <cmath>
#include <numeric>

namespace syngrad::test {

namespace {

// One trained vector with Adam's moments.
struct trained {
  tensor value, gradient, first_moment, second_moment;
};

class plain_network {
public:
  plain_network(stream& s, const sequential_run& run) : s_(s), run_(run) {
    int layer = 0;
    for (std::size_t i = 0; i + 1 < run.widths.size(); ++i) {
      const auto in = run.widths[i], out = run.widths[i + 1];
      const bool hidden = i + 2 < run.widths.size();
      random_source random(run.seed, static_cast<std::uint64_t>(layer));
      block each{in, out, hidden, make({out, in}), {}, {}, {}, {}, {}, {}, {}, {}};
      draw(each.weight.value, in, random);
      if (hidden) {
        each.gamma = make({out}, 1);
        each.beta = make({out});
        each.mean = filled({out}, 0);
        each.variance = filled({out}, 1);
      } else {
        each.bias = make({out});
        draw(each.bias.value, in, random);
      }
      layer += hidden ? 2 : 1; // linear, then batch normalisation with ReLU
      blocks_.push_back(each);
    }
  }

  void train(const tensor& x, const tensor& labels, std::int64_t step) {
    auto h = x;
    for (auto& each : blocks_) h = forward(each, h);
    auto result = make_tensor(s_, {2});
    auto dy = make_tensor(s_, h.extents());
    s_.ops().softmax_cross_entropy(s_, {h, labels, &dy, result});
    for (std::size_t i = blocks_.size(); i-- > 0;) dy = backward(blocks_[i], dy, i > 0);
    for (auto& each : blocks_)
      for (auto* parameter : each.parameters()) adam(*parameter, step);
  }

  std::vector<float> weights() {
    std::vector<float> all;
    const auto append = [&](const tensor& t) { all.insert(all.end(), t.f32(), t.f32() + t.elements()); };
    for (auto& each : blocks_) {
      for (auto* parameter : each.parameters()) append(parameter->value);
      if (each.hidden) {
        append(each.mean);
        append(each.variance);
      }
    }
    return all;
  }

private:
  struct block {
    std::int64_t in, out;
    bool hidden;
    trained weight, bias, gamma, beta;
    tensor mean, variance; // running statistics
    tensor x, z, y;        // of the batch
    std::vector<trained*> parameters() {
      return hidden ? std::vector<trained*>{&weight, &gamma, &beta} : std::vector<trained*>{&weight, &bias};
    }
    tensor saved{};
  };

  tensor filled(shape extents, float value) {
    auto out = make_tensor(s_, extents);
    s_.ops().fill(s_, out, value);
    return out;
  }
  trained make(shape extents, float value = 0) {
    return {filled(extents, value), filled(extents, 0), filled(extents, 0), filled(extents, 0)};
  }
  void draw(tensor& target, std::int64_t in, random_source& random) {
    const double bound = 1.0 / std::sqrt(static_cast<double>(in));
    std::vector<float> values(static_cast<std::size_t>(target.elements()));
    for (auto& each : values) each = static_cast<float>(random.uniform(-bound, bound));
    s_.ops().upload(s_, values.data(), target);
  }

  tensor forward(block& b, const tensor& x) {
    b.x = x;
    b.z = make_tensor(s_, {x.rows(), b.out});
    if (!b.hidden) s_.ops().fill_rows(s_, &b.bias.value, nullptr, nullptr, b.z);
    s_.ops().matmul(s_, {x, transpose::no, b.weight.value, transpose::yes, b.z, 1, b.hidden ? 0.0f : 1.0f});
    if (!b.hidden) return b.z;
    b.y = make_tensor(s_, b.z.extents());
    b.saved = make_tensor(s_, {2, b.out});
    s_.ops().batch_norm(s_, {.x = b.z,
                             .gamma = b.gamma.value,
                             .beta = b.beta.value,
                             .y = b.y,
                             .running_mean = b.mean,
                             .running_variance = b.variance,
                             .saved = &b.saved,
                             .relu = true});
    return b.y;
  }

  tensor backward(block& b, const tensor& dy, bool want_dx) {
    auto dz = dy;
    if (b.hidden) {
      dz = make_tensor(s_, b.z.extents());
      s_.ops().batch_norm_backward(s_, {.dy = dy,
                                        .x = b.z,
                                        .y = b.y,
                                        .gamma = b.gamma.value,
                                        .saved = b.saved,
                                        .dx = &dz,
                                        .dgamma = &b.gamma.gradient,
                                        .dbeta = &b.beta.gradient,
                                        .relu = true});
    } else {
      s_.ops().sum_rows(s_, dz, 0, b.bias.gradient);
    }
    s_.ops().matmul(s_, {dz, transpose::yes, b.x, transpose::no, b.weight.gradient});
    if (!want_dx) return {};
    auto dx = make_tensor(s_, b.x.extents());
    s_.ops().matmul(s_, {dz, transpose::no, b.weight.value, transpose::no, dx});
    return dx;
  }

  void adam(trained& p, std::int64_t step) {
    const step_arguments arguments{
      p.value, p.gradient, 1.0f / static_cast<float>(run_.batch_size), run_.learning_rate, 0, nullptr, nullptr};
    s_.ops().adam_step(s_, arguments, p.first_moment, p.second_moment, 0.9f, 0.999f, 1e-8f, step, false);
  }

  stream& s_;
  const sequential_run& run_;
  std::vector<block> blocks_;
};

} // namespace

std::vector<float> train_sequentially(device& where, const dataset& data, const sequential_run& run) {
  auto& s = where.make_stream();
  plain_network net(s, run);
  std::vector<std::int32_t> rows(static_cast<std::size_t>(data.train.count));
  std::iota(rows.begin(), rows.end(), 0);
  auto order = batch_order::make(std::move(rows), run.batch_size, run.seed);
  for (std::int64_t step = 1; step <= run.steps; ++step) {
    std::vector<float> values;
    std::vector<std::int32_t> labels;
    for (const auto row : order->next()) {
      const auto* bytes = data.train.bytes.data() + row * data.input.elements();
      for (std::int64_t f = 0; f < data.input.elements(); ++f)
        values.push_back(data.train.bytes.empty()
                           ? data.train.floats[static_cast<std::size_t>(row * data.input.elements() + f)]
                           : static_cast<float>(bytes[f]) * data.train.scale());
      labels.push_back(data.train.labels[static_cast<std::size_t>(row)]);
    }
    auto x = make_tensor(s, {run.batch_size, data.input.elements()});
    auto y = make_tensor(s, {run.batch_size}, dtype::i32);
    s.ops().upload(s, values.data(), x);
    s.ops().upload(s, labels.data(), y);
    net.train(x, y, step);
  }
  return net.weights();
}

} // namespace syngrad::test
