#include "models/layers/attention.hpp"

#include "models/layers/projection.hpp"
#include "runtime/operators.hpp"

namespace syngrad {

namespace {

enum attention_slot : std::size_t { below_slot, qkv_slot, attended_slot, log_sum_exp_slot };
enum attention_part : int { in_projection, out_projection };

// x weight^T (+ bias)
tensor project(stream& s, const tensor& x, const parameter& weight, const tensor* bias) {
  auto y = make_tensor(s, x.extents().with_features(weight.extents[0]));
  s.ops().matmul(
    s, {.a = x, .transpose_a = transpose::no, .b = weight.value, .transpose_b = transpose::yes, .c = y, .bias = bias});
  return y;
}

} // namespace

attention::attention(std::int64_t embed_dim, std::int64_t num_heads, const options& how)
  : in_weight_("in_proj_weight", {3 * embed_dim, embed_dim}), in_bias_("in_proj_bias", {3 * embed_dim}),
    out_weight_("out_proj.weight", {embed_dim, embed_dim}), out_bias_("out_proj.bias", {embed_dim}), heads_(num_heads),
    options_(how) {}

std::string attention::describe() const {
  return std::string(options_.causal ? "causal " : "") + "attention " + std::to_string(features()) + ", " +
         std::to_string(heads_) + (heads_ == 1 ? " head" : " heads");
}

result<sample_spec> attention::infer(const sample_spec& below) const {
  if (heads_ < 1 || features() % heads_ != 0)
    return error::setting("needs a number of heads that divides its " + std::to_string(features()) + " features");
  if (below.is_numbers() || below.extents.rank() != 2 || below.features() != features())
    return error::setting("takes positions of " + std::to_string(features()) + " features");
  return below;
}

double attention::multiply_adds(const sample_spec& below) const {
  const auto context = static_cast<double>(below.rows()), width = static_cast<double>(features());
  const auto projections = 3 * 4 * context * width * width; // y, dW and dx of the two
  const auto pairs = options_.causal ? context * (context + 1) / 2 : context * context;
  return projections + 7 * pairs * width; // scores and sums forward; scores anew and four more backward
}

std::vector<parameter*> attention::parameters() {
  if (options_.bias) return {&in_weight_, &in_bias_, &out_weight_, &out_bias_};
  return {&in_weight_, &out_weight_};
}

void attention::initialize(stream& s, random_source& random) {
  initialize_normal(s, in_weight_.value, options_.deviation, random);
  initialize_normal(s, out_weight_.value, options_.out_deviation, random);
}

tensor attention::forward(stream& s, const tensor& x, phase, layer_cache cache) {
  const auto qkv = project(s, x, in_weight_, options_.bias ? &in_bias_.value : nullptr);
  auto attended = make_tensor(s, x.extents());
  tensor log_sum_exp;
  if (!cache.empty()) log_sum_exp = make_tensor(s, {x.extents()[0], heads_, x.extents()[1]});
  s.ops().attention(s, {.qkv = qkv,
                        .y = attended,
                        .log_sum_exp = log_sum_exp ? &log_sum_exp : nullptr,
                        .heads = heads_,
                        .causal = options_.causal});
  auto y = project(s, attended, out_weight_, options_.bias ? &out_bias_.value : nullptr);
  if (!cache.empty()) {
    cache[below_slot] = x;
    cache[qkv_slot] = qkv;
    cache[attended_slot] = std::move(attended);
    cache[log_sum_exp_slot] = std::move(log_sum_exp);
  }
  return y;
}

tensor attention::backward(stream& s, const tensor& dy, layer_cache cache, backward_request wanted) {
  if (!wanted.input_gradient && !wanted.parameter_gradient) return {};
  make_or_defer(s, out_projection, dy, cache, wanted);
  const auto dattended = projection_input_backward(s, dy, out_weight_);
  auto dqkv = make_tensor(s, cache[qkv_slot].extents());
  s.ops().attention_backward(s, {.dy = dattended,
                                 .qkv = cache[qkv_slot],
                                 .y = cache[attended_slot],
                                 .log_sum_exp = cache[log_sum_exp_slot],
                                 .dqkv = dqkv,
                                 .heads = heads_,
                                 .causal = options_.causal});
  make_or_defer(s, in_projection, dqkv, cache, wanted);
  return wanted.input_gradient ? projection_input_backward(s, dqkv, in_weight_) : tensor{};
}

void attention::backward_parameters(stream& s, int part, const tensor& dy, layer_cache cache, bool accumulate) {
  const auto bias_of = [this](parameter& bias) { return options_.bias ? &bias : nullptr; };
  if (part == out_projection)
    projection_parameters_backward(s, dy, cache[attended_slot], out_weight_, bias_of(out_bias_), accumulate);
  else
    projection_parameters_backward(s, dy, cache[below_slot], in_weight_, bias_of(in_bias_), accumulate);
}

} // namespace syngrad
