// Batches of samples that lie on the device, and of those that stay with the host because they do not fit.
#include "actors/batch_source.hpp"
#include "runtime/cpu/cpu_device.hpp"
#include "runtime/device.hpp"
#include "runtime/operators.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/late_device.hpp"

using namespace syngrad;
using namespace syngrad::test;

namespace {

constexpr std::int64_t sample_count = 60, sample_features = 40;

dataset described(std::int64_t values = 0) {
  dataset out;
  out.input = {{sample_features}};
  out.target = values == 0 ? label_spec(sample_count + 1) : sample_spec{{values}};
  return out;
}

sample_set bytes_set() {
  sample_set made;
  made.count = sample_count;
  for (std::int64_t i = 0; i < sample_count * sample_features; ++i)
    made.bytes.push_back(static_cast<std::uint8_t>(i % 251));
  for (std::int32_t i = 0; i < sample_count; ++i) made.labels.push_back(sample_count - i);
  return made;
}

sample_set floats_set() {
  auto made = bytes_set();
  for (const auto each : std::exchange(made.bytes, {})) made.floats.push_back(static_cast<float>(each) * 0.5f);
  return made;
}

struct seen_batch {
  std::vector<float> values;
  std::vector<std::int32_t> targets; // their bits
  friend bool operator==(const seen_batch&, const seen_batch&) = default;
};

seen_batch gathered(batch_source& from, stream& work, const std::vector<std::int64_t>& rows) {
  const auto made = from.gather(rows);
  const auto values = brought_to_host(work, made.values), targets = brought_to_host(work, made.targets);
  work.owner().synchronize();
  const auto* bits = static_cast<const std::int32_t*>(targets.data());
  return {{values.f32(), values.f32() + values.elements()}, {bits, bits + targets.elements()}};
}

} // namespace

TEST_CASE("batches of samples that stay with the host are those of samples on the device, bit for bit") {
  const std::vector<std::int64_t> three{59, 1, 1}, two{7, 30};
  for (const auto& samples : {bytes_set(), floats_set()}) {
    cpu_device cpu;
    auto& on_cpu = cpu.make_stream();
    batch_source whole(on_cpu, samples, described());
    REQUIRE(whole.samples_on_device());

    const std::size_t too_little = samples.bytes.empty() ? 4000 : 2000;
    late_device late(1, too_little);
    auto& work = late.make_stream();
    batch_source parts(work, samples, described());
    REQUIRE_FALSE(parts.samples_on_device());
    for (int again = 0; again < 3; ++again) {
      REQUIRE(gathered(parts, work, three) == gathered(whole, on_cpu, three));
      REQUIRE(gathered(parts, work, two) == gathered(whole, on_cpu, two));
    }
    const auto warm = late.memory().counters().allocations;
    gathered(parts, work, three);
    REQUIRE(late.memory().counters().allocations == warm);
  }
}

TEST_CASE("row and label of a sample belong together") {
  const auto samples = bytes_set();
  cpu_device cpu;
  auto& work = cpu.make_stream();
  batch_source from(work, samples, described());
  const auto seen = gathered(from, work, {3});
  REQUIRE(seen.targets == std::vector<std::int32_t>{57});
  REQUIRE(seen.values[0] == static_cast<float>(3 * sample_features) * (1.0f / 255.0f));
}

TEST_CASE("a sample's values are gathered as its label would be, with samples on the device and with the host") {
  auto samples = bytes_set();
  samples.labels.clear();
  for (std::int64_t i = 0; i < 3 * sample_count; ++i) samples.values.push_back(static_cast<float>(i) * 0.25f);
  cpu_device cpu;
  late_device late(1, 2000);
  auto &here = cpu.make_stream(), &there = late.make_stream();
  batch_source whole(here, samples, described(3)), parts(there, samples, described(3));
  REQUIRE_FALSE(parts.samples_on_device());
  const auto made = whole.gather(std::vector<std::int64_t>{7, 59});
  REQUIRE(made.targets.extents() == shape{2, 3});
  REQUIRE(made.samples == 2);
  REQUIRE(made.terms == 2);
  const auto* values = made.targets.f32();
  REQUIRE(std::vector<float>(values, values + 6) == std::vector<float>{5.25f, 5.5f, 5.75f, 44.25f, 44.5f, 44.75f});
  REQUIRE(gathered(parts, there, {7, 59}) == gathered(whole, here, {7, 59}));
}

TEST_CASE("samples without a label are in their batch, and no terms of its loss") {
  auto samples = bytes_set();
  samples.labels[4] = samples.labels[5] = no_label;
  cpu_device cpu;
  auto& work = cpu.make_stream();
  batch_source from(work, samples, described());
  const auto made = from.gather(std::vector<std::int64_t>{3, 4, 5, 4});
  REQUIRE(made.samples == 4);
  REQUIRE(made.terms == 1);
  REQUIRE(made.targets.i32()[1] == no_label);
}

TEST_CASE("a batch of windows has their tokens, and those that follow each as a target of its own") {
  dataset data;
  data.input = data.target = {{3}, dtype::i32, 10};
  data.train.text = token_text::of({0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, "text");
  data.train.window = 3;
  data.train.count = 3;
  cpu_device cpu;
  late_device late(1);
  auto &here = cpu.make_stream(), &there = late.make_stream();
  batch_source whole(here, data.train, data), parts(there, data.train, data);
  const std::vector<std::int64_t> firsts{6, 0};
  const auto made = whole.gather(firsts);
  REQUIRE(made.values.extents() == shape{2, 3});
  REQUIRE(made.values.type() == dtype::i32);
  REQUIRE(made.targets.extents() == shape{6});
  REQUIRE(made.samples == 2);
  REQUIRE(made.terms == 6);
  const auto tokens = [](const tensor& of) { return std::vector<std::int32_t>(of.i32(), of.i32() + of.elements()); };
  REQUIRE(tokens(made.values) == std::vector<std::int32_t>{6, 7, 8, 0, 1, 2});
  REQUIRE(tokens(made.targets) == std::vector<std::int32_t>{7, 8, 9, 1, 2, 3});
  for (int again = 0; again < 3; ++again) {
    const auto values = parts.gather(firsts);
    const auto brought = brought_to_host(there, values.values), targets = brought_to_host(there, values.targets);
    late.synchronize();
    REQUIRE(tokens(brought) == tokens(made.values));
    REQUIRE(tokens(targets) == tokens(made.targets));
  }
  const auto warm = late.memory().counters().allocations;
  parts.gather(firsts);
  late.synchronize();
  REQUIRE(late.memory().counters().allocations == warm);
}

TEST_CASE("augmented images are gathered by the host, alike on every device, and evaluated as they are") {
  dataset data;
  data.input = {{5, 8, 1}};
  data.target = label_spec(sample_count + 1);
  const auto samples = bytes_set();
  cpu_device cpu;
  late_device late(1);
  auto &here = cpu.make_stream(), &there = late.make_stream();
  const augmentation both{2, true};
  batch_source one(here, samples, data, both, 4), other(there, samples, data, both, 4), plain(here, samples, data);
  REQUIRE_FALSE(one.samples_on_device());
  const std::vector<std::int64_t> rows{1, 2, 3, 4, 5, 6, 7, 8};
  const auto values = [](batch_source& from, stream& work, const std::vector<std::int64_t>& of, std::uint64_t number) {
    const auto made = from.gather(of, number);
    const auto brought = brought_to_host(work, made.values);
    work.owner().synchronize();
    return std::vector<float>(brought.f32(), brought.f32() + brought.elements());
  };
  const auto third = values(one, here, rows, 3);
  REQUIRE(third == values(other, there, rows, 3));
  REQUIRE(third == values(one, here, rows, 3));
  REQUIRE(third != values(one, here, rows, 4));
  REQUIRE(third != values(plain, here, rows, 3));
}
