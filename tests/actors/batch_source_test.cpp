// Batches of samples that lie on the device, and of those that stay with the host because they do not fit.
#include "actors/batch_source.hpp"
#include "runtime/cpu/cpu_device.hpp"
#include "runtime/transfer.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/late_device.hpp"

using namespace syngrad;
using namespace syngrad::test;

namespace {

constexpr std::int64_t sample_count = 60, sample_features = 40;

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
  std::vector<std::int32_t> labels;
  friend bool operator==(const seen_batch&, const seen_batch&) = default;
};

seen_batch gathered(batch_source& from, stream& work, const std::vector<std::int32_t>& rows) {
  const auto made = from.gather(rows);
  const auto values = brought_to_host(work, made.values), labels = brought_to_host(work, made.labels);
  work.owner().synchronize();
  return {{values.f32(), values.f32() + values.elements()}, {labels.i32(), labels.i32() + labels.elements()}};
}

} // namespace

TEST_CASE("batches of samples that stay with the host are those of samples on the device, bit for bit") {
  const std::vector<std::int32_t> three{59, 1, 1}, two{7, 30};
  for (const auto& samples : {bytes_set(), floats_set()}) {
    cpu_device cpu;
    auto& on_cpu = cpu.make_stream();
    batch_source whole(on_cpu, samples, sample_features);
    REQUIRE(whole.samples_on_device());

    const std::size_t too_little = samples.bytes.empty() ? 4000 : 2000;
    late_device late(1, too_little);
    auto& work = late.make_stream();
    batch_source parts(work, samples, sample_features);
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
  batch_source from(work, samples, sample_features);
  const auto seen = gathered(from, work, {3});
  REQUIRE(seen.labels == std::vector<std::int32_t>{57});
  REQUIRE(seen.values[0] == static_cast<float>(3 * sample_features) * (1.0f / 255.0f));
}
