// oneDNN's convolutions: one is made for each shape and pass, which takes up to a millisecond, and kept.
//
// Activations stay channels-last; only the weight is brought into the layout that a pass wants, which takes some
// microseconds. Blocked activations would gain 2 % within and lose 3 to 6 % on the way in and out.
//
// How primitives are made is in convolution_primitives.cpp alone: versions 2 and 3 of oneDNN differ there.
#pragma once

#include "runtime/operators/window.hpp"

#include <oneapi/dnnl/dnnl.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>

namespace syngrad::cpu {

enum class convolution_pass : std::uint8_t { forward, input_gradient, weight_gradient };

struct convolution_kind {
  convolution_pass pass;
  bool bias; // added or, in a gradient of the weight, its gradient
  int threads;
  std::int64_t batch, in_channels, out_channels;
  extent2d input;
  window2d window;

  friend auto operator<=>(const convolution_kind&, const convolution_kind&) = default;
};

// One pass, with the weight brought to its layout before it, or the weight's gradient back from it. Several threads may
// execute it at once, each with scratch memory of its own: the library's own would give wrong numbers then.
struct convolution_primitive {
  dnnl::primitive pass;
  dnnl::memory::desc x, weight, bias, y; // in our layouts; of gradients likewise
  dnnl::memory::desc inner_weight;       // as the pass wants it
  dnnl::primitive bring_weight;          // to the pass, or back from it
  dnnl::primitive add_weight;            // back from it, added to what is there
  std::size_t scratch_bytes;             // enough for each of them
};

class convolution_primitives {
public:
  convolution_primitives() : engine_(dnnl::engine::kind::cpu, 0) {}

  // Stays where it is. Any thread.
  const convolution_primitive& find(const convolution_kind&);
  const dnnl::engine& engine() const { return engine_; }

private:
  convolution_primitive make(const convolution_kind&) const;

  dnnl::engine engine_;
  std::mutex mutex_;
  std::map<convolution_kind, convolution_primitive> made_;
};

} // namespace syngrad::cpu
