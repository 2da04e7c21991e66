#include "models/generation/language_model.hpp"

#include "runtime/operators.hpp"

#include <algorithm>
#include <cassert>

namespace syngrad {

status check_language_model(const network& net) {
  const auto specs = infer_specs(net);
  if (!specs) return specs.failure();
  const auto &input = specs->front(), &output = specs->back();
  const auto wrong = [&](const std::string& why) {
    return error::setting("model " + net.description + ": " + why +
                          "; a network that was trained on a text writes, such as gpt:4x64 or lstm:1x128");
  };
  if (!input.is_numbers() || input.extents.rank() != 1)
    return wrong("it takes " + input.to_string() + ", no tokens one after the other");
  if (output.is_numbers() || output.extents.rank() != 2 || output.rows() != input.elements())
    return wrong("it gives " + output.to_string() + ", no next token at each of " + std::to_string(input.elements()) +
                 " positions");
  if (input.categories > 0 && output.features() > input.categories)
    return wrong("it gives one of " + std::to_string(output.features()) + " tokens, and takes only those below " +
                 std::to_string(input.categories));
  return ok();
}

language_model::language_model(stream& owner, trained_network net)
  : s_(owner), net_(std::move(net)), by_position_(net_.works_by_position()) {
  net_.continue_evaluations(by_position_);
}

void language_model::read(std::span<const std::int32_t> tokens) {
  assert(!tokens.empty());
  const auto most = static_cast<std::size_t>(context());
  if (by_position_) {
    for (; tokens.size() > most; tokens = tokens.subspan(most)) compute(tokens.first(most));
    return compute(tokens);
  }
  if (tokens.size() > most) tokens = tokens.last(most);
  const auto kept = std::min(window_.size(), most - tokens.size());
  window_.erase(window_.begin(), window_.end() - static_cast<std::ptrdiff_t>(kept));
  window_.insert(window_.end(), tokens.begin(), tokens.end());
  compute(window_);
}

void language_model::compute(std::span<const std::int32_t> tokens) {
  auto x = make_tensor(s_, {1, static_cast<std::int64_t>(tokens.size())}, dtype::i32);
  s_.ops().upload(s_, tokens.data(), x);
  const auto y = net_.forward(s_, x);
  const auto last = brought_to_host(s_, y.view((y.rows() - 1) * y.columns(), {y.columns()}));
  s_.owner().synchronize();
  logits_.assign(last.f32(), last.f32() + last.elements());
}

} // namespace syngrad
