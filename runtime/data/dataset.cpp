#include "runtime/data/dataset.hpp"

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

} // namespace syngrad
