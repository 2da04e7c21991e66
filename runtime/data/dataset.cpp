#include "runtime/data/dataset.hpp"

#include "runtime/operators.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <stdexcept>

namespace syngrad {

std::string beyond_vocabulary(const token_text& text, std::int64_t at, std::int32_t token,
                              std::int32_t vocabulary_size) {
  return fmt::format("{} is {}, beyond a vocabulary of {}; say --vocabulary with how many different tokens there are",
                     text.place(at), token, vocabulary_size);
}

void copy_windows(const sample_set& samples, std::int32_t vocabulary_size, std::span<const std::int64_t> firsts,
                  std::span<std::int32_t> inputs, std::span<std::int32_t> targets) {
  const auto window = static_cast<std::size_t>(samples.window);
  const auto check = [&](std::span<const std::int32_t> tokens, std::int64_t first) {
    const auto largest = std::max_element(tokens.begin(), tokens.end());
    if (*largest >= vocabulary_size)
      throw std::runtime_error(
        beyond_vocabulary(samples.text, first + (largest - tokens.begin()), *largest, vocabulary_size));
  };
  for (std::size_t i = 0; i < firsts.size(); ++i) {
    const auto input = inputs.subspan(i * window, window), target = targets.subspan(i * window, window);
    samples.text.copy(firsts[i], input);
    check(input, firsts[i]);
    if (!samples.labels.empty()) {
      std::copy_n(samples.labels.begin() + firsts[i], window, target.begin());
      continue;
    }
    samples.text.copy(firsts[i] + 1, target);
    check(target, firsts[i] + 1);
  }
}

void copy_following(const sample_set& samples, std::span<const std::int64_t> firsts, std::span<std::int32_t> targets) {
  const auto each = targets.size() / firsts.size();
  const auto shift = samples.labels.empty() ? 1 : 0; // from a token to its target
  for (std::size_t i = 0; i < firsts.size(); ++i) {
    const auto target = targets.subspan(i * each, each);
    const auto first = firsts[i] + samples.window + shift;
    const auto there = std::min(each, static_cast<std::size_t>(std::max<std::int64_t>(samples.text.size() - first, 0)));
    std::fill(target.begin(), target.end(), no_label);
    if (samples.labels.empty())
      samples.text.copy(first, target.first(there));
    else
      std::copy_n(samples.labels.begin() + first, there, target.begin());
  }
}

} // namespace syngrad
