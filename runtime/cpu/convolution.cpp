#include "runtime/cpu/convolution_primitives.hpp"
#include "runtime/cpu/cpu_operators.hpp"
#include "runtime/device.hpp"

#include <algorithm>
#include <omp.h>
#include <unordered_map>

namespace syngrad::cpu {

namespace {

convolution_kind kind_of(convolution_pass pass, const tensor& x, const tensor& y, const window2d& window, bool bias) {
  const auto &in = x.extents(), &out = y.extents();
  assert(in.rank() == 4 && out.rank() == 4 && in[0] == out[0]);
  const convolution_kind kind{
    .pass = pass,
    .bias = bias,
    .threads = omp_get_max_threads(),
    .batch = in[0],
    .in_channels = in[3],
    .out_channels = out[3],
    .input = {in[1], in[2]},
    .window = window,
  };
  assert(window.output_of(kind.input) == extent2d(out[1], out[2]) && "the output has other positions");
  return kind;
}

// One execution of a pass: where its operands lie.
struct convolution_run {
  const convolution_primitive& made;
  const dnnl::engine& where;
  float *x, *weight, *bias, *y; // or their gradients; the bias may be null
  float *inner_weight, *scratch;

  using operands = std::unordered_map<int, dnnl::memory>;

  dnnl::memory at(const dnnl::memory::desc& as, float* address) const { return {as, where, address}; }
  dnnl::memory inner() const { return at(made.inner_weight, inner_weight); }
  dnnl::memory outer() const { return at(made.weight, weight); }

  void execute(const dnnl::primitive& what, operands of) const {
    if (made.scratch_bytes > 0) {
      const auto bytes = static_cast<dnnl::memory::dim>(made.scratch_bytes);
      of.emplace(DNNL_ARG_SCRATCHPAD, at({{bytes}, dnnl::memory::data_type::u8, dnnl::memory::format_tag::a}, scratch));
    }
    dnnl::stream on(where);
    what.execute(on, of);
    on.wait();
  }

  void forward() const {
    execute(made.bring_weight, {{DNNL_ARG_FROM, outer()}, {DNNL_ARG_TO, inner()}});
    operands of{{DNNL_ARG_SRC, at(made.x, x)}, {DNNL_ARG_WEIGHTS, inner()}, {DNNL_ARG_DST, at(made.y, y)}};
    if (bias) of.emplace(DNNL_ARG_BIAS, at(made.bias, bias));
    execute(made.pass, std::move(of));
  }
  void input_gradient() const {
    execute(made.bring_weight, {{DNNL_ARG_FROM, outer()}, {DNNL_ARG_TO, inner()}});
    execute(made.pass,
            {{DNNL_ARG_DIFF_DST, at(made.y, y)}, {DNNL_ARG_WEIGHTS, inner()}, {DNNL_ARG_DIFF_SRC, at(made.x, x)}});
  }
  void weight_gradient(bool accumulate) const {
    operands of{{DNNL_ARG_SRC, at(made.x, x)}, {DNNL_ARG_DIFF_DST, at(made.y, y)}, {DNNL_ARG_DIFF_WEIGHTS, inner()}};
    if (bias) of.emplace(DNNL_ARG_DIFF_BIAS, at(made.bias, bias));
    execute(made.pass, std::move(of));
    execute(accumulate ? made.add_weight : made.bring_weight, {{DNNL_ARG_FROM, inner()}, {DNNL_ARG_TO, outer()}});
  }
};

struct convolution_operands {
  const tensor &x, &weight;
  const tensor* bias;
  const tensor& y;
};

// `work` is called with a convolution_run when the stream gets there.
template <class Work>
void launch(stream& s, convolution_primitives& primitives, convolution_pass pass, const window2d& window,
            const convolution_operands& of, Work work) {
  const auto& made = primitives.find(kind_of(pass, of.x, of.y, window, of.bias));
  const auto scratch_of = [&](std::size_t bytes) {
    return make_tensor(s, {static_cast<std::int64_t>(bytes / sizeof(float)) + 1});
  };
  // Returned to the pool when this call ends, and given out again only to work that follows on this stream or waits.
  const auto inner_weight = scratch_of(made.inner_weight.get_size()), scratch = scratch_of(made.scratch_bytes);
  const convolution_run run{.made = made,
                            .where = primitives.engine(),
                            .x = of.x.f32(),
                            .weight = of.weight.f32(),
                            .bias = of.bias ? of.bias->f32() : nullptr,
                            .y = of.y.f32(),
                            .inner_weight = inner_weight.f32(),
                            .scratch = scratch.f32()};
  host(s).launch([run, work] { work(run); });
}

} // namespace

void cpu_operators::conv2d(stream& s, const conv2d_arguments& of) {
  if (of.y.elements() == 0) return;
  launch(s, *convolutions_, convolution_pass::forward, of.window, {of.x, of.weight, of.bias, of.y},
         [](const convolution_run& run) { run.forward(); });
}

void cpu_operators::conv2d_backward(stream& s, const conv2d_backward_arguments& of) {
  assert((!of.dbias || of.dweight) && "the bias's gradient comes with that of the weight");
  if (of.dy.elements() == 0) {
    for (auto* each : {of.dweight, of.dbias})
      if (each && !of.accumulate) fill(s, *each, 0);
    return;
  }
  if (of.dx)
    launch(s, *convolutions_, convolution_pass::input_gradient, of.window, {*of.dx, of.weight, nullptr, of.dy},
           [](const convolution_run& run) { run.input_gradient(); });
  if (!of.dweight) return;
  const bool aside = of.dbias && of.accumulate; // the primitive overwrites
  auto sums = aside ? make_tensor(s, of.dbias->extents()) : tensor{};
  launch(s, *convolutions_, convolution_pass::weight_gradient, of.window,
         {of.x, *of.dweight, aside ? &sums : of.dbias, of.dy},
         [accumulate = of.accumulate](const convolution_run& run) { run.weight_gradient(accumulate); });
  if (aside) add(s, sums, 1, *of.dbias);
}

} // namespace syngrad::cpu
