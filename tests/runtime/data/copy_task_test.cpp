#include "runtime/data/copy_task.hpp"

#include "runtime/data/batch_order.hpp"
#include "runtime/data/data_source.hpp"
#include "runtime/data/host_batch.hpp"
#include "runtime/operators.hpp"
#include "tests/runtime/data/temporary_folder.hpp"

#include <algorithm>
#include <map>

using namespace syngrad;

namespace {

struct episode {
  std::vector<std::int32_t> letters;
  std::int64_t repeats = 0;
  bool has_targets = false;
  std::int64_t begin = 0;
};

// Reads the stream as its description has it; `most_repeats` tells letters, numbers and the blank apart.
std::vector<episode> read_episodes(const sample_set& from, std::int64_t most_repeats) {
  std::vector<std::int32_t> tokens(static_cast<std::size_t>(from.text.size()));
  from.text.copy(0, tokens);
  REQUIRE(from.labels.size() == tokens.size());
  std::vector<episode> all;
  for (std::size_t at = 0; at < tokens.size();) {
    episode next;
    next.begin = static_cast<std::int64_t>(at);
    for (; tokens[at] < copied_letters; ++at) {
      next.letters.push_back(tokens[at]);
      REQUIRE(from.labels[at] == no_label);
    }
    REQUIRE(tokens[at] < copied_letters + most_repeats);
    next.repeats = tokens[at] - copied_letters + 1;
    next.has_targets = from.labels[at] != no_label;
    const auto length = next.letters.size();
    for (std::size_t i = 0; i < length * static_cast<std::size_t>(next.repeats); ++i, ++at) {
      if (i > 0) REQUIRE(tokens[at] == copied_letters + most_repeats);
      REQUIRE(from.labels[at] == (next.has_targets ? next.letters[i % length] : no_label));
    }
    all.push_back(std::move(next));
  }
  return all;
}

} // namespace

TEST_CASE("training episodes have all lengths and repeats alike, and their letters as targets") {
  const auto data = make_copy_task("6x3", 1);
  REQUIRE(data);
  CHECK(data->tokens->characters() == "abcdefgh123.");
  CHECK(data->input.categories == 12);
  std::map<std::size_t, int> lengths;
  std::map<std::int64_t, int> repeats;
  std::map<std::int32_t, int> letters;
  const auto episodes = read_episodes(data->train, 3);
  for (const auto& each : episodes) {
    REQUIRE(each.has_targets);
    ++lengths[each.letters.size()], ++repeats[each.repeats];
    for (const auto letter : each.letters) ++letters[letter];
  }
  const auto alike = [](const auto& counts, double share) {
    double total = 0;
    for (const auto& each : counts) total += each.second;
    for (const auto& each : counts) CHECK(std::abs(each.second / total - share) < 0.01);
  };
  CHECK(lengths.size() == 6);
  CHECK(repeats.size() == 3);
  CHECK(letters.size() == copied_letters);
  alike(lengths, 1.0 / 6), alike(repeats, 1.0 / 3), alike(letters, 1.0 / copied_letters);
}

TEST_CASE("the training stream follows the seed, the test does not and has the longest episodes alone") {
  const auto first = make_copy_task("5", 1), again = make_copy_task("5", 1), other = make_copy_task("5", 2);
  CHECK(first->train.labels == again->train.labels);
  CHECK(first->train.labels != other->train.labels);
  CHECK(first->test.labels == other->test.labels);
  const auto episodes = read_episodes(first->test, 1);
  CHECK(first->test.passage == 4 * 10);
  for (const auto& each : episodes) {
    REQUIRE(each.letters.size() == 5);
    REQUIRE(each.has_targets == (each.begin % first->test.passage != 0));
  }
}

TEST_CASE("every row of a test batch begins with the episode that has no targets, and reads on") {
  data_settings settings;
  settings.context = 3;
  for (const std::int64_t rows : {1, 7, 64, 256}) {
    const auto data = open_dataset("copy:5", settings);
    REQUIRE(data);
    auto order = order_samples(*data, {.batch_size = rows, .continuing = true});
    REQUIRE(order);
    const auto& test = order->test;
    REQUIRE(test.size() >= static_cast<std::size_t>(rows));
    REQUIRE(test.size() % static_cast<std::size_t>(rows) == 0);
    for (std::size_t i = 0; i < test.size(); ++i) {
      const auto before = i < static_cast<std::size_t>(rows) ? -1 : test[i - static_cast<std::size_t>(rows)];
      if (before < 0)
        REQUIRE(test[i] % data->test.passage == 0);
      else
        REQUIRE(test[i] == before + 3);
      REQUIRE(test[i] + 3 <= data->test.text.size());
    }
    for (std::size_t row = 1; row < static_cast<std::size_t>(rows); ++row) // no two rows read the same
      REQUIRE(test[row] > test[test.size() - static_cast<std::size_t>(rows) + row - 1]);
  }
}

TEST_CASE("batches of windows with labels have them as targets, and count those that there are") {
  data_settings settings;
  settings.context = 5;
  const auto data = open_dataset("copy:4x2", settings);
  REQUIRE(data);
  host_batch_maker maker(data->train, *data);
  host_batch made;
  const std::vector<std::int64_t> firsts{0, 3, 1000, data->train.text.size() - 5};
  maker.make(firsts, 0, made);
  const auto* targets = reinterpret_cast<const std::int32_t*>(made.targets.data());
  const auto* inputs = reinterpret_cast<const std::int32_t*>(made.inputs.data());
  std::int64_t terms = 0;
  for (std::size_t i = 0; i < 20; ++i) {
    std::int32_t token = 0;
    data->train.text.copy(firsts[i / 5] + static_cast<std::int64_t>(i % 5), {&token, 1});
    REQUIRE(inputs[i] == token);
    REQUIRE(targets[i] == data->train.labels[static_cast<std::size_t>(firsts[i / 5]) + i % 5]);
    terms += targets[i] != no_label;
  }
  CHECK(made.terms == terms);
  CHECK(terms > 0);
  CHECK(terms < 20);
}

TEST_CASE("what follows windows comes with them where that is asked for, up to the end of the text") {
  data_settings settings;
  settings.context = 5;
  const auto labelled = open_dataset("copy:4", settings);
  auto plain = *labelled;
  plain.train.labels.clear();
  for (const dataset* data : {&*labelled, static_cast<const dataset*>(&plain)}) {
    const auto size = data->train.text.size();
    host_batch_maker maker(data->train, *data);
    maker.add_following(3);
    host_batch made;
    const std::vector<std::int64_t> firsts{0, 7, size - 5 - 3, size - 5 - 1};
    maker.make(firsts, 0, made);
    REQUIRE(made.following.size() == 12);
    for (std::size_t i = 0; i < 12; ++i) {
      const auto at = firsts[i / 3] + 5 + static_cast<std::int64_t>(i % 3) + (data == &plain ? 1 : 0);
      std::int32_t expected = no_label;
      if (at < size && data == &plain) data->train.text.copy(at, {&expected, 1});
      if (at < size && data != &plain) expected = data->train.labels[static_cast<std::size_t>(at)];
      REQUIRE(made.following[i] == expected);
    }
    CHECK(made.following.back() == no_label);
  }
}

TEST_CASE("sizes of the copy task that are none are refused") {
  for (const char* sizes : {"0", "1001", "x", "5x", "5x10", "5x0", "5x2x2", "-3", "five"})
    require_message(make_copy_task(sizes, 1), {std::string("copy:") + sizes, "LENGTHxREPEATS", "copy:20"});
  require_message(open_dataset("copy", {}), {"copy:LENGTH[xREPEATS]"});
}
