#include "runtime/cpu/convolution_primitives.hpp"

#include "runtime/cpu/cpu_operators.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <stdexcept>
#include <string>
#include <type_traits>

namespace syngrad::cpu {

namespace {

using dnnl::convolution_backward_data;
using dnnl::convolution_backward_weights;
using dnnl::convolution_forward;
using layout = dnnl::memory::format_tag;

dnnl::memory::desc floats(const dnnl::memory::dims& extents, layout in) {
  return {extents, dnnl::memory::data_type::f32, in};
}

dnnl::primitive_attr caller_brings_scratch() {
  dnnl::primitive_attr how;
  how.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return how;
}

// oneDNN counts extents as [batch, channels, height, width], whatever the order in memory.
struct described_convolution {
  explicit described_convolution(const convolution_kind& of)
    : x(floats({of.batch, of.in_channels, of.input.height, of.input.width}, layout::nhwc)),
      weight_extents{of.out_channels, of.in_channels, of.window.kernel_size.height, of.window.kernel_size.width},
      bias(of.bias ? floats({of.out_channels}, layout::a) : dnnl::memory::desc()),
      stride{of.window.stride.height, of.window.stride.width}, padding{of.window.padding.height,
                                                                       of.window.padding.width} {
    const auto output = of.window.output_of(of.input);
    y = floats({of.batch, of.out_channels, output.height, output.width}, layout::nhwc);
  }

  dnnl::memory::desc x, y;
  dnnl::memory::dims weight_extents;
  dnnl::memory::desc bias;
  dnnl::memory::dims stride, padding;
};

// Version 3 took the descriptor of the operation out from between; the parts are the same.
template <class Pass, class... Parts>
auto describe_pass(const dnnl::engine& where, const Parts&... parts) {
  const auto how = caller_brings_scratch();
#if DNNL_VERSION_MAJOR >= 3
  return typename Pass::primitive_desc(where, parts..., how);
#else
  return typename Pass::primitive_desc(typename Pass::desc(parts...), how, where);
#endif
}

template <class Pass, class... Parts>
auto describe_gradient(const dnnl::engine& where, const convolution_forward::primitive_desc& forward,
                       const Parts&... parts) {
  const auto how = caller_brings_scratch();
#if DNNL_VERSION_MAJOR >= 3
  return typename Pass::primitive_desc(where, parts..., forward, how);
#else
  return typename Pass::primitive_desc(typename Pass::desc(parts...), how, where, forward);
#endif
}

auto describe_forward(const dnnl::engine& where, const described_convolution& of) {
  return describe_pass<convolution_forward>(
    where, dnnl::prop_kind::forward_training, dnnl::algorithm::convolution_direct, of.x,
    floats(of.weight_extents, layout::any), of.bias, of.y, of.stride, of.padding, of.padding);
}

struct pass_and_weight {
  dnnl::primitive pass;
  dnnl::memory::desc weight, scratch;
};

pass_and_weight make_pass(const dnnl::engine& where, convolution_pass pass, const described_convolution& of) {
  constexpr auto direct = dnnl::algorithm::convolution_direct;
  const auto forward = describe_forward(where, of);
  const auto weight = floats(of.weight_extents, layout::any);
  if (pass == convolution_pass::forward)
    return {convolution_forward(forward), forward.weights_desc(), forward.scratchpad_desc()};
  if (pass == convolution_pass::input_gradient) {
    const auto made = describe_gradient<convolution_backward_data>(where, forward, direct, of.x, weight, of.y,
                                                                   of.stride, of.padding, of.padding);
    return {convolution_backward_data(made), made.weights_desc(), made.scratchpad_desc()};
  }
  const auto made = describe_gradient<convolution_backward_weights>(where, forward, direct, of.x, weight, of.bias, of.y,
                                                                    of.stride, of.padding, of.padding);
  return {convolution_backward_weights(made), made.diff_weights_desc(), made.scratchpad_desc()};
}

dnnl::reorder::primitive_desc describe_reorder(const dnnl::engine& where, const dnnl::memory::desc& from,
                                               const dnnl::memory::desc& to, bool adds) {
  auto how = caller_brings_scratch();
  if (adds) {
    dnnl::post_ops after;
    after.append_sum(1);
    how.set_post_ops(after);
  }
  return {where, from, where, to, how};
}

std::string to_text(const convolution_kind& of) {
  return fmt::format("{} images of {}x{} to {} channels by {}", of.batch, of.input.to_string(), of.in_channels,
                     of.out_channels, of.window.kernel_size.to_string());
}

} // namespace

convolution_primitive convolution_primitives::make(const convolution_kind& wanted) const {
  const described_convolution of(wanted);
  auto made = make_pass(engine_, wanted.pass, of);
  convolution_primitive out{.pass = std::move(made.pass),
                            .x = of.x,
                            .weight = floats(of.weight_extents, layout::ohwi),
                            .bias = of.bias,
                            .y = of.y,
                            .inner_weight = made.weight,
                            .bring_weight = {},
                            .add_weight = {},
                            .scratch_bytes = made.scratch.get_size()};
  const auto keep = [&](const dnnl::reorder::primitive_desc& described) {
    out.scratch_bytes = std::max(out.scratch_bytes, described.scratchpad_desc().get_size());
    return dnnl::reorder(described);
  };
  if (wanted.pass == convolution_pass::weight_gradient) {
    out.bring_weight = keep(describe_reorder(engine_, out.inner_weight, out.weight, false));
    out.add_weight = keep(describe_reorder(engine_, out.inner_weight, out.weight, true));
  } else {
    out.bring_weight = keep(describe_reorder(engine_, out.weight, out.inner_weight, false));
  }
  return out;
}

const convolution_primitive& convolution_primitives::find(const convolution_kind& wanted) {
  const std::lock_guard lock(mutex_);
  const auto known = made_.find(wanted);
  if (known != made_.end()) return known->second;
  try {
    return made_.emplace(wanted, make(wanted)).first->second;
  } catch (const dnnl::error& refused) {
    throw std::runtime_error("oneDNN refused a convolution of " + to_text(wanted) + ": " + refused.what());
  }
}

std::shared_ptr<convolution_primitives> make_convolution_primitives() {
  return std::make_shared<convolution_primitives>();
}

} // namespace syngrad::cpu
