// A layer that tells a test that a group is in the middle of a batch, and can keep it there.
#pragma once

#include "models/layer.hpp"
#include "models/network.hpp"

#include <functional>
#include <memory>
#include <utility>

namespace syngrad::test {

// Passes its input through, and calls back in the forward pass of each training batch.
class probe_layer : public layer {
public:
  probe_layer(std::int64_t width, std::function<void(int)> on_batch) : width_(width), on_batch_(std::move(on_batch)) {}
  std::string describe() const override { return "probe"; }
  result<sample_spec> infer(const sample_spec& below) const override { return below; }
  double multiply_adds(const sample_spec&) const override { return 1; }
  tensor forward(stream&, const tensor& x, phase mode, layer_cache) override {
    if (mode == phase::train) on_batch_(batches_++);
    return x;
  }
  tensor backward(stream&, const tensor& dy, layer_cache, backward_request) override { return dy; }

private:
  std::int64_t width_;
  std::function<void(int)> on_batch_;
  int batches_ = 0;
};

// mlp:5-4x2-3 with a probe in the middle group.
inline network with_probe(std::function<void(int)> on_batch) {
  auto net = make_network("mlp:5-4x2-3");
  net->units[1].push_back(std::make_unique<probe_layer>(4, std::move(on_batch)));
  return std::move(*net);
}

} // namespace syngrad::test
