#include "runtime/data/batch_order.hpp"

#include "runtime/operators.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <fmt/core.h>
#include <string>
#include <utility>

namespace syngrad {

namespace {

// Keep draws of one seed apart.
constexpr std::uint64_t hold_out_purpose = 0x686f6c646f7574;
constexpr std::uint64_t batch_order_purpose = 0x6261746368;
constexpr std::uint64_t window_purpose = 0x77696e646f77;

class permuted_rows final : public batch_order::rule {
public:
  permuted_rows(std::vector<std::int32_t> rows, std::int64_t batch_size, std::uint64_t seed)
    : rows_(std::move(rows)), order_(rows_.size()), batch_size_(batch_size), seed_(seed) {
    permute(0);
  }

  std::int64_t batches_per_epoch() const override { return static_cast<std::int64_t>(rows_.size()) / batch_size_; }

  void fill(batch_order::position at, std::span<std::int64_t> samples) override {
    if (at.epoch != epoch_) permute(at.epoch);
    std::copy_n(order_.begin() + at.offset * batch_size_, samples.size(), samples.begin());
  }

private:
  void permute(std::uint64_t epoch) {
    epoch_ = epoch;
    std::copy(rows_.begin(), rows_.end(), order_.begin());
    random_source random(seed_ ^ batch_order_purpose, epoch);
    shuffle(order_, random);
  }

  std::vector<std::int32_t> rows_;  // as given
  std::vector<std::int32_t> order_; // permuted for epoch_
  std::int64_t batch_size_;
  std::uint64_t seed_;
  std::uint64_t epoch_ = 0;
};

class random_windows_rule final : public batch_order::rule {
public:
  random_windows_rule(std::int64_t tokens, std::int64_t window, std::int64_t batch_size, std::uint64_t seed)
    : begins_(static_cast<std::uint64_t>(tokens - window)), batches_((tokens - 1) / window / batch_size), seed_(seed) {}

  std::int64_t batches_per_epoch() const override { return batches_; }

  void fill(batch_order::position at, std::span<std::int64_t> samples) override {
    const auto number = at.epoch * static_cast<std::uint64_t>(batches_) + static_cast<std::uint64_t>(at.offset);
    random_source random(seed_ ^ window_purpose, number);
    for (auto& each : samples) each = static_cast<std::int64_t>(random.bits() % begins_);
  }

private:
  std::uint64_t begins_; // positions at which a window may begin
  std::int64_t batches_;
  std::uint64_t seed_;
};

// Where the windows of batch `number` begin, if each row has a part of its own of the text and reads on in it.
void fill_continuing(std::int64_t windows_a_row, std::int64_t window, std::int64_t number,
                     std::span<std::int64_t> samples) {
  for (std::size_t row = 0; row < samples.size(); ++row)
    samples[row] = (static_cast<std::int64_t>(row) * windows_a_row + number) * window;
}

class continuing_windows_rule final : public batch_order::rule {
public:
  continuing_windows_rule(std::int64_t tokens, std::int64_t window, std::int64_t batch_size)
    : window_(window), batches_((tokens - 1) / window / batch_size) {}

  std::int64_t batches_per_epoch() const override { return batches_; }
  void fill(batch_order::position at, std::span<std::int64_t> samples) override {
    fill_continuing(batches_, window_, at.offset, samples);
  }

private:
  std::int64_t window_;
  std::int64_t batches_; // and windows in each row's part
};

status check_batch_size(std::int64_t batch_size, std::int64_t samples) {
  if (batch_size < 1) return error::setting(fmt::format("batch: a size of at least 1 is expected, not {}", batch_size));
  if (samples >= batch_size) return ok();
  return error::setting(
    fmt::format("batch: {} samples a batch, but only {} to train on; choose a smaller batch", batch_size, samples));
}

} // namespace

batch_order::batch_order(std::unique_ptr<rule> made_by, std::int64_t batch_size)
  : rule_(std::move(made_by)), samples_(static_cast<std::size_t>(batch_size)) {}

result<batch_order> batch_order::make(std::vector<std::int32_t> rows, std::int64_t batch_size, std::uint64_t seed) {
  if (auto good = check_batch_size(batch_size, static_cast<std::int64_t>(rows.size())); !good) return good.failure();
  return batch_order(std::make_unique<permuted_rows>(std::move(rows), batch_size, seed), batch_size);
}

result<batch_order> batch_order::random_windows(std::int64_t tokens, std::int64_t window, std::int64_t batch_size,
                                                std::uint64_t seed) {
  if (auto good = check_batch_size(batch_size, (tokens - 1) / window); !good) return good.failure();
  return batch_order(std::make_unique<random_windows_rule>(tokens, window, batch_size, seed), batch_size);
}

result<batch_order> batch_order::continuing_windows(std::int64_t tokens, std::int64_t window, std::int64_t batch_size) {
  if (auto good = check_batch_size(batch_size, (tokens - 1) / window); !good) return good.failure();
  return batch_order(std::make_unique<continuing_windows_rule>(tokens, window, batch_size), batch_size);
}

std::span<const std::int64_t> batch_order::next() {
  if (part_ == 0) {
    if (position_.offset == batches_per_epoch()) position_ = {position_.epoch + 1, 0};
    rule_->fill(position_, samples_);
    ++position_.offset;
  }
  const auto least = batch_size() / parts_, larger = batch_size() % parts_;
  const auto begin = part_ * least + std::min(part_, larger), size = least + (part_ < larger ? 1 : 0);
  part_ = (part_ + 1) % parts_;
  return std::span(samples_).subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(size));
}

void batch_order::cut_batches(std::int64_t parts) {
  assert(parts >= 1 && parts <= batch_size() && part_ == 0);
  parts_ = parts;
}

status batch_order::resume(position stored) {
  if (stored.offset < 0 || stored.offset > batches_per_epoch()) {
    return error::setting(
      fmt::format("data position: batch {} of an epoch of {}; resume with the data and batch size of the stored run",
                  stored.offset, batches_per_epoch()));
  }
  position_ = stored;
  return ok();
}

std::int64_t held_out_count(std::int64_t samples, double fraction) {
  return std::llround(fraction * static_cast<double>(samples));
}

namespace {

// Each row reads its own passages, as many as all others. Empty: there are fewer passages than rows.
std::vector<std::int64_t> windows_of_passages(std::int64_t tokens, std::int64_t window, std::int64_t passage,
                                              std::int64_t rows) {
  const auto a_row = tokens / passage / rows * passage, batches = a_row / window;
  std::vector<std::int64_t> begins;
  for (std::int64_t i = 0; i < batches * rows; ++i) begins.push_back(i % rows * a_row + i / rows * window);
  return begins;
}

// `count` windows beside each other from `first` on. Continuing, those that fill no whole batch are left out.
std::vector<std::int64_t> windows_to_evaluate(std::int64_t first, std::int64_t count, std::int64_t window,
                                              const order_settings& settings) {
  const auto rows = settings.batch_size, batches = count / rows;
  const bool continuing = settings.continuing && batches > 0;
  std::vector<std::int64_t> begins(static_cast<std::size_t>(continuing ? batches * rows : count));
  if (continuing)
    for (std::int64_t i = 0; i < batches; ++i)
      fill_continuing(batches, window, i,
                      std::span(begins).subspan(static_cast<std::size_t>(i * rows), static_cast<std::size_t>(rows)));
  else
    fill_continuing(1, window, 0, begins);
  for (auto& each : begins) each += first;
  return begins;
}

std::vector<std::int64_t> test_windows(const dataset& data, const order_settings& settings) {
  std::vector<std::int64_t> test;
  if (settings.continuing && data.test.passage > 1)
    test = windows_of_passages(data.test.text.size() - (data.test.labels.empty() ? 1 : 0), data.test.window,
                               data.test.passage, settings.batch_size);
  if (test.empty()) test = windows_to_evaluate(0, data.test.count, data.test.window, settings);
  return test;
}

std::vector<std::int64_t> test_rows(const dataset& data) {
  std::vector<std::int64_t> test(static_cast<std::size_t>(data.test.count));
  std::iota(test.begin(), test.end(), 0);
  return test;
}

result<sample_order> order_windows(const dataset& data, std::int64_t held_out, const order_settings& settings) {
  const auto window = data.train.window, windows = data.train.count - held_out;
  const auto tokens = held_out == 0 ? data.train.text.size() : windows * window + 1;
  auto train = settings.continuing ? batch_order::continuing_windows(tokens, window, settings.batch_size)
                                   : batch_order::random_windows(tokens, window, settings.batch_size, settings.seed);
  if (!train) return train.failure();
  return sample_order{std::move(*train), windows_to_evaluate(windows * window, held_out, window, settings),
                      test_windows(data, settings)};
}

result<sample_order> order_rows(const dataset& data, std::int64_t held_out, const order_settings& settings) {
  random_source random(settings.seed ^ hold_out_purpose, 0);
  auto rows = shuffled_indices(static_cast<std::size_t>(data.train.count), random);
  const auto border = rows.begin() + held_out;
  std::sort(rows.begin(), border);
  std::sort(border, rows.end());
  auto train = batch_order::make({border, rows.end()}, settings.batch_size, settings.seed);
  if (!train) return train.failure();
  return sample_order{std::move(*train), {rows.begin(), border}, test_rows(data)};
}

// Keeps at most `settings.eval_samples`, evenly spread over all and in their order: the i-th is number i * count /
// most. Continuing windows go on to continue each other: of those, the first batches stay, whose rows begin all over
// the text.
void thin_out(std::vector<std::int64_t>& samples, const order_settings& settings) {
  const auto count = static_cast<std::int64_t>(samples.size()), most = settings.eval_samples;
  if (most == 0 || count <= most) return;
  if (settings.continuing && most >= settings.batch_size) {
    samples.resize(static_cast<std::size_t>(most / settings.batch_size * settings.batch_size));
    return;
  }
  std::int64_t from = 0, rest = 0;
  for (std::int64_t i = 0; i < most; ++i) {
    samples[static_cast<std::size_t>(i)] = samples[static_cast<std::size_t>(from)];
    from += count / most;
    rest += count % most;
    if (rest < most) continue;
    rest -= most;
    ++from;
  }
  samples.resize(static_cast<std::size_t>(most));
}

// Whether one of these windows of a text has a target, if there are any: else an evaluation of them has no loss.
bool has_target(const sample_set& from, std::span<const std::int64_t> windows) {
  return from.labels.empty() || windows.empty() ||
         std::any_of(windows.begin(), windows.end(), [&](std::int64_t window) {
           const auto first = from.labels.begin() + window;
           return std::any_of(first, first + from.window, [](std::int32_t label) { return label != no_label; });
         });
}

status check_targets(const dataset& data, const sample_set& samples, std::span<const std::int64_t> windows,
                     const order_settings& settings) {
  if (!samples.is_text() || has_target(samples, windows)) return ok();
  return error::setting(
    fmt::format("{}: none of the {} windows of the {} part that are evaluated has a target; {}", data.name,
                windows.size(), &samples == &data.test ? "test" : "validation",
                settings.eval_samples > 0 ? "raise --eval-samples, or leave it out" : "make that part larger"));
}

} // namespace

result<sample_order> order_samples(const dataset& data, const order_settings& settings) {
  const auto fraction = settings.validation_fraction;
  if (!(fraction >= 0 && fraction < 1))
    return error::setting(fmt::format("validation: a fraction from 0 to below 1 is expected, not {:f}", fraction));
  const auto held_out = held_out_count(data.train.count, fraction);
  if (fraction > 0 && (held_out <= 0 || held_out >= data.train.count))
    return error::setting(fmt::format(
      "validation: a fraction of {:f} of {} training samples leaves one part empty; choose another fraction", fraction,
      data.train.count));
  auto order = data.train.is_text() ? order_windows(data, held_out, settings) : order_rows(data, held_out, settings);
  if (!order) return order.failure();
  order->train.cut_batches(settings.parts);
  thin_out(order->validation, settings);
  thin_out(order->test, settings);
  if (auto good = check_targets(data, data.train, order->validation, settings); !good) return good.failure();
  if (auto good = check_targets(data, data.test, order->test, settings); !good) return good.failure();
  return order;
}

result<std::vector<std::int64_t>> order_test_samples(const dataset& data, const order_settings& settings) {
  auto test = data.test.is_text() ? test_windows(data, settings) : test_rows(data);
  thin_out(test, settings);
  if (auto good = check_targets(data, data.test, test, settings); !good) return good.failure();
  return test;
}

} // namespace syngrad
