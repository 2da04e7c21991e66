#include "runtime/data/copy_task.hpp"

#include "runtime/operators.hpp"
#include "runtime/random.hpp"
#include "runtime/text.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <optional>

namespace syngrad {

namespace {

constexpr std::int64_t most_length = 1000, most_repeats = 9;
constexpr std::int64_t training_tokens = 1 << 21, test_tokens = 1 << 16;
constexpr std::int64_t episodes_a_passage = 4, least_passages = 256; // of the test
constexpr std::uint64_t copy_test_seed = 0, copy_training_stream = 0x636f7079, copy_test_stream = 0x636f7069;

struct copy_sizes {
  std::int64_t length = 0, repeats = 1;
};

std::optional<copy_sizes> parse_copy_sizes(std::string_view text) {
  const auto parts = split_text(text, 'x');
  const auto length = parse_number<std::int64_t>(parts.front());
  const auto repeats = parts.size() > 1 ? parse_number<std::int64_t>(parts.back()) : 1;
  if (parts.size() > 2 || !length || !repeats || *length < 1 || *length > most_length || *repeats < 1 ||
      *repeats > most_repeats)
    return std::nullopt;
  return copy_sizes{*length, *repeats};
}

// Tokens: the letters, then how often (1, 2, ...), then the blank.
class episode_writer {
public:
  episode_writer(std::uint64_t seed, std::uint64_t stream_number, std::int64_t most_repeated)
    : random_(seed, stream_number), blank_(static_cast<std::uint16_t>(copied_letters + most_repeated)) {}

  // A number from 1 to `most`.
  std::int64_t draw(std::int64_t most) { return 1 + random_.below(static_cast<std::uint32_t>(most)); }

  void write(copy_sizes of, bool has_targets) {
    letters_.resize(static_cast<std::size_t>(of.length));
    for (auto& each : letters_) each = static_cast<std::int32_t>(random_.below(copied_letters));
    tokens.insert(tokens.end(), letters_.begin(), letters_.end());
    tokens.push_back(static_cast<std::uint16_t>(copied_letters + of.repeats - 1));
    tokens.insert(tokens.end(), static_cast<std::size_t>(of.length * of.repeats - 1), blank_);
    labels.insert(labels.end(), letters_.size(), no_label);
    for (std::int64_t i = 0; i < of.repeats; ++i)
      if (has_targets)
        labels.insert(labels.end(), letters_.begin(), letters_.end());
      else
        labels.insert(labels.end(), letters_.size(), no_label);
  }

  std::vector<std::uint16_t> tokens;
  std::vector<std::int32_t> labels; // of each token

private:
  random_source random_;
  std::uint16_t blank_;
  std::vector<std::int32_t> letters_;
};

void take(sample_set& into, episode_writer& from, const std::string& name) {
  into.text = token_text::of(std::move(from.tokens), name);
  into.labels = std::move(from.labels);
}

} // namespace

result<dataset> make_copy_task(std::string_view sizes, std::uint64_t seed) {
  const auto most = parse_copy_sizes(sizes);
  if (!most)
    return error::setting(fmt::format("copy:{}: expected LENGTH or LENGTHxREPEATS, from 1 to {} letters and up "
                                      "to {} times; write for example copy:20 or copy:5x3",
                                      sizes, most_length, most_repeats));
  episode_writer training(seed, copy_training_stream, most->repeats);
  while (static_cast<std::int64_t>(training.tokens.size()) < training_tokens) {
    const auto length = training.draw(most->length);
    training.write({length, training.draw(most->repeats)}, true);
  }
  const auto passage = episodes_a_passage * most->length * (1 + most->repeats);
  episode_writer test(copy_test_seed, copy_test_stream, most->repeats);
  for (auto left = std::max(least_passages, test_tokens / passage); left > 0; --left)
    for (std::int64_t i = 0; i < episodes_a_passage; ++i) test.write(*most, i > 0);

  dataset data;
  data.name = fmt::format("copy:{}", sizes);
  std::string characters = "abcdefgh";
  for (std::int64_t i = 1; i <= most->repeats; ++i) characters += std::to_string(i);
  data.tokens = vocabulary::of_characters(characters + ".").value();
  data.input = {{0}, dtype::i32, data.tokens->size()}; // until cut_windows()
  data.target = data.input;
  take(data.train, training, data.name);
  take(data.test, test, data.name);
  data.test.passage = passage;
  return data;
}

} // namespace syngrad
