// Messages to bytes and back: bit for bit, in pieces of any size, and nothing believed that was not checked.
#include "tests/actors/links/link_samples.hpp"
#include "tests/support/catch.hpp"

#include "actors/links/message_codec.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

using namespace syngrad;
using namespace syngrad::test;

namespace {

struct decoded {
  std::optional<link_message> message;
  std::string error;
  std::size_t taken = 0;
};

// In pieces of 1 to `largest` bytes.
decoded decode(frame_decoder& decoder, const std::vector<char>& bytes, random_source& random, std::uint32_t largest) {
  decoded out;
  while (out.taken < bytes.size()) {
    const auto now = std::min<std::size_t>(1 + random.below(largest), bytes.size() - out.taken);
    auto step = decoder.take(bytes.data() + out.taken, now);
    out.taken += now;
    if (!step) {
      out.error = step.message();
      return out;
    }
    if (*step) {
      out.message = std::move(*step);
      return out;
    }
  }
  return out;
}

std::vector<char> golden_credit() {
  const std::vector<unsigned char> bytes{
    3,    1,    0,    0,    44,   0,    0,    0,                // credit, version 1, 44 bytes of header
    0x08, 0x07, 0x06, 0x05, 0x04, 0x03, 0x02, 0x01,             // id
    9,    0,    0,    0,    0,    0,    0,    0,                // parent
    0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,             // sent at -2
    17,   0,    0,    0,    0,    0,    0,    0,    5, 0, 0, 0, // batch, version
    2,    0,    0,    0,    0,    0,    0,    0};               // batches
  return {bytes.begin(), bytes.end()};
}

std::vector<char> golden_gradients_wanted() {
  const std::vector<unsigned char> bytes{
    18,   1,    0,    0,    44,   0,    0,    0, // gradients_wanted, version 1, 44 bytes of header
    1,    0,    0,    0,    0,    0,    0,    0,    0, 0, 0, 0, 0, 0, 0, 0, // id, parent
    0,    0,    0,    0,    0,    0,    0,    0,                            // sent
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 4, 0, 0, 0,             // no batch, version
    16,   0,    0,    0,    0,    0,    0,    0};                           // every
  return {bytes.begin(), bytes.end()};
}

std::vector<char> golden_batch_alone() {
  const std::vector<unsigned char> bytes{19, 1, 0, 0, 36, 0, 0, 0, // batch_alone, version 1, 36 bytes of header
                                         7,  0, 0, 0, 0,  0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0, // id, parent
                                         5,  0, 0, 0, 0,  0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0,
                                         3,  0, 0, 0}; // sent, batch, version
  return {bytes.begin(), bytes.end()};
}

std::vector<char> golden_gradient() {
  const std::vector<unsigned char> bytes{
    1, 1, 0,    0,    67, 0, 0, 0,                                       // gradient, version 1, 67 bytes of header
    1, 0, 0,    0,    0,  0, 0, 0,   0, 0, 0, 0, 0, 0, 0, 0,             // id, parent
    0, 0, 0,    0,    0,  0, 0, 0,   3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // sent, batch, version
    1,                                                                   // bootstrapped
    1, 0, 0,    2,    1,  0, 0, 0,   0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, // a tensor, f32 as f32, [1, 2]
    0, 0, 0,    0,    0,  0, 0, 0,   0, 0,                               // of all samples
    0, 0, 0x80, 0x3f, 0,  0, 0, 0x80};                                   // 1, -0
  return {bytes.begin(), bytes.end()};
}

} // namespace

TEST_CASE("the bytes of a credit, a gradient, a wish for gradients and a batch trained alone are as agreed on") {
  cpu_device cpu;
  auto& work = cpu.make_stream();
  REQUIRE(bytes_of(link_message(credit{{0x0102030405060708u, 9, -2, 17, 5}, 2})) == golden_credit());
  REQUIRE(bytes_of(link_message(gradients_wanted{{1, 0, 0, no_batch, 4}, 16})) == golden_gradients_wanted());
  REQUIRE(bytes_of(link_message(batch_alone{{7, 6, 5, 4, 3}})) == golden_batch_alone());
  const auto values = copy_of(work, {1.0f, -0.0f}, {1, 2});
  REQUIRE(bytes_of(link_message(gradient{{1, 0, 0, 3, 0}, gradient_kind::bootstrapped, values})) == golden_gradient());
}

TEST_CASE("every message that crosses comes back with all its fields, in pieces of any size") {
  cpu_device cpu;
  auto& work = cpu.make_stream();
  random_source random(1, 1);
  frame_decoder decoder(work, {});
  for (const std::uint32_t largest : {1u, 7u, 64u, 10000u}) {
    const auto all = one_of_each(work, random);
    REQUIRE(all.size() == std::variant_size_v<link_message>);
    for (std::size_t type = 0; type < all.size(); ++type) {
      CAPTURE(type, largest);
      REQUIRE(all[type].index() == type);
      const auto bytes = bytes_of(all[type]);
      const auto back = decode(decoder, bytes, random, largest);
      REQUIRE(back.error == "");
      REQUIRE(back.message);
      REQUIRE(back.taken == bytes.size());
      REQUIRE(decoder.frame_bytes() == bytes.size());
      REQUIRE(decoder.between_frames());
      REQUIRE(bytes_of(*back.message) == bytes);
    }
  }
}

TEST_CASE("a failure, a report and an activation arrive as what they were") {
  cpu_device cpu;
  auto& work = cpu.make_stream();
  random_source random(5, 1);
  frame_decoder decoder(work, {});
  const auto all = one_of_each(work, random);
  const auto told = std::get<failure>(*decode(decoder, bytes_of(all[8]), random, 100).message);
  REQUIRE(told.what == "group 2: not finite");
  REQUIRE(told.batch == 99);
  REQUIRE(told.skipped);
  const auto of_group = std::get<report>(*decode(decoder, bytes_of(all[16]), random, 100).message).of_group;
  REQUIRE(of_group.layers == "4-5");
  REQUIRE(of_group.audit_cosine == 1e-310);
  REQUIRE(of_group.dropped_targets == 9);
  REQUIRE(of_group.samples == 12800);
  REQUIRE(of_group.bytes_from_below == std::int64_t{1} << 40);
  REQUIRE(of_group.bytes_from_above == 777);
  REQUIRE(of_group.bytes_saved == 55);
  REQUIRE(of_group.gradient_rank == 7.5);
  REQUIRE(of_group.residual_weight == 0.375);
  REQUIRE(of_group.gate.waiting == 7);
  REQUIRE(of_group.gate.turns == 8);
  REQUIRE(of_group.gradient_error == 0.08);
  REQUIRE(of_group.alone == 21);
  REQUIRE(of_group.clipped == 34);
  REQUIRE(of_group.multiply_adds == 1e9);
  REQUIRE(of_group.optimizer_multiply_adds == 2e9);
  REQUIRE(of_group.predictor_multiply_adds == 3e9);
  REQUIRE(of_group.cache_bytes == std::uint64_t{1} << 41);
  REQUIRE(of_group.most_in_flight == 16);
  const auto up = std::get<activation>(*decode(decoder, bytes_of(all[0]), random, 100).message);
  REQUIRE(up.mode == phase::evaluate);
  REQUIRE(up.evaluation == 7);
  REQUIRE(up.step == 41);
  REQUIRE(up.values.extents() == shape{5, 3});
  REQUIRE(up.samples == 5);
  REQUIRE(up.terms == 4);
  REQUIRE(up.targets.type() == dtype::i32);
  REQUIRE(up.targets.extents() == shape{5});
  REQUIRE(up.following.type() == dtype::i32);
  REQUIRE(up.following.extents() == shape{5, 2});
}

TEST_CASE("a tensor of any bits, of any rank, empty or absent comes back bit for bit") {
  cpu_device cpu;
  auto& work = cpu.make_stream();
  random_source random(2, 1);
  frame_decoder decoder(work, {});
  constexpr float inf = std::numeric_limits<float>::infinity();
  const std::vector<tensor> cases{
    copy_of(work,
            {std::numeric_limits<float>::quiet_NaN(), -inf, inf, -0.0f, 1e-42f, std::numeric_limits<float>::max()},
            {2, 3}),
    random_bits(work, {1000, 77}, random),
    random_bits(work, {0, 10}, random),
    random_bits(work, {10, 0}, random),
    random_bits(work, shape{}, random),
    random_bits(work, {2, 3, 4, 5}, random),
    random_bits(work, {2, 1, 3, 4, 5}, random),
    tensor(),
  };
  for (const auto& each : cases) {
    const auto back = decode(decoder, bytes_of(link_message(audit_gradient{{}, each})), random, 5000);
    REQUIRE(back.error == "");
    const auto& values = std::get<audit_gradient>(*back.message).values;
    REQUIRE(static_cast<bool>(values) == static_cast<bool>(each));
    if (!each) continue;
    REQUIRE(values.extents() == each.extents());
    REQUIRE(std::memcmp(values.data(), each.data(), each.bytes()) == 0);
  }
}

TEST_CASE("activations and gradients take their own formats, labels and audits are left alone") {
  cpu_device cpu;
  auto& work = cpu.make_stream();
  random_source random(3, 1);
  link_options options;
  options.activations = wire_format::int8;
  options.gradients = wire_format::bf16;
  frame_decoder decoder(work, options);
  const std::vector<float> numbers{1, -127, 0.25f, 3, 2, 1};
  const auto values = copy_of(work, numbers, {2, 3});
  const auto labels = random_bits(work, {2}, random, dtype::i32);
  const auto up = bytes_of(link_message(activation{{}, phase::train, 0, values, labels}), options);
  REQUIRE(up.size() == prologue_bytes + 36 + 33 + 20 + 12 + 2 * (3 + 4) + 8 + 1);
  const auto arrived = std::get<activation>(*decode(decoder, up, random, 9).message);
  REQUIRE(decoder.payload_bytes() == 24 + 8);
  REQUIRE(std::memcmp(arrived.targets.data(), labels.data(), 8) == 0);
  for (int i = 0; i < 3; ++i) {
    REQUIRE(std::abs(arrived.values.f32()[i] - numbers[static_cast<std::size_t>(i)]) <= 0.5001f);
    REQUIRE(std::abs(arrived.values.f32()[i + 3] - numbers[static_cast<std::size_t>(i) + 3]) <= 3.0f / 127 * 0.5001f);
  }
  const auto down = bytes_of(link_message(gradient{{}, gradient_kind::truth, values}), options);
  REQUIRE(down.size() == prologue_bytes + 36 + 1 + 20 + 10 + 2 * 6);
  const auto gradients = std::get<gradient>(*decode(decoder, down, random, 9).message).values;
  for (int i = 0; i < 6; ++i)
    REQUIRE(gradients.f32()[i] == numbers[static_cast<std::size_t>(i)]); // all are bf16 numbers
  const auto audited = bytes_of(link_message(audit_gradient{{}, values}), options);
  REQUIRE(audited.size() == prologue_bytes + 36 + 20 + 24);
}

TEST_CASE("a gradient of low rank crosses as factors, which tell what they lack, and lies about them are refused") {
  cpu_device cpu;
  auto& work = cpu.make_stream();
  random_source random(9, 1);
  link_options options;
  options.gradients = wire_format::bf16;
  options.gradient_rank = {.columns = 2};
  std::vector<float> numbers;
  for (int r = 0; r < 30; ++r)
    for (int c = 0; c < 40; ++c) numbers.push_back(static_cast<float>((r % 5 - 2) * (c % 7 - 3) + (r % 3) * (c % 2)));
  const auto values = copy_of(work, numbers, {30, 40});
  gradient_subspace subspace(options.gradient_rank);
  const auto scratch = recycled_bytes::make();
  const auto bytes_with = [&](const link_message& message) {
    const encoded_frame frame(message, options, *scratch, &subspace);
    std::vector<char> bytes;
    frame.for_each_piece(0, frame.bytes(),
                         [&](const char* data, std::size_t count) { bytes.insert(bytes.end(), data, data + count); });
    return bytes;
  };
  const auto bytes = bytes_with(gradient{{}, gradient_kind::truth, values});
  REQUIRE(bytes.size() == prologue_bytes + 36 + 1 + 20 + 9 + 10 + 2 * 2 * (30 + 40));
  frame_decoder decoder(work, options);
  const auto arrived = std::get<gradient>(*decode(decoder, bytes, random, 100).message).values;
  REQUIRE(arrived.extents() == shape{30, 40});
  REQUIRE(decoder.payload_bytes() == 4 * 30 * 40);
  REQUIRE(decoder.factor_rank() == 2);
  double whole = 0, missed = 0;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    whole += double{numbers[i]} * numbers[i];
    missed += std::pow(double{numbers[i]} - arrived.f32()[i], 2);
  }
  REQUIRE(missed / whole < 1e-4); // what bf16 rounds
  REQUIRE(decoder.factors_lose() == Approx(missed / whole));

  // What is measured by, and other messages, travel whole.
  const auto audited = bytes_with(audit_gradient{{}, values});
  REQUIRE(std::get<audit_gradient>(*decode(decoder, audited, random, 100).message).values.f32()[39] == numbers[39]);
  REQUIRE(decoder.factor_rank() == 0);

  constexpr std::size_t rank_at = prologue_bytes + 36 + 1 + 1 + 3; // behind kind, flag, type and both formats
  for (const std::uint32_t rank : {0u, 31u, 1u << 31}) {
    auto lie = bytes;
    std::memcpy(lie.data() + rank_at, &rank, sizeof rank);
    frame_decoder other(work, options);
    REQUIRE(decode(other, lie, random, 100).error.find("factors of " + std::to_string(rank)) != std::string::npos);
  }
}

TEST_CASE("a gradient of samples that its batch has not is refused") {
  cpu_device cpu;
  auto& work = cpu.make_stream();
  random_source random(10, 1);
  for (const std::int32_t number : {0, 6, 7, -1, std::numeric_limits<std::int32_t>::min()}) {
    auto numbers = numbers_below(7, 3, work, random);
    numbers.i32()[2] = number;
    const auto sent = bytes_of(link_message(gradient{
      {}, gradient_kind::truth, random_bits(work, {3, 2}, random), {numbers, random_bits(work, {3}, random), 7}}));
    frame_decoder decoder(work, {});
    const auto got = decode(decoder, sent, random, 20);
    CAPTURE(number);
    if (number >= 0 && number < 7)
      CHECK(got.message);
    else
      CHECK(got.error.find("samples that its batch has not") != std::string::npos);
  }
}

TEST_CASE("a length beyond the limit is refused before any memory is taken for it") {
  cpu_device cpu;
  auto& work = cpu.make_stream();
  random_source random(4, 1);
  link_options options;
  options.message_limit = 4096;
  const auto refused = [&](std::vector<char> bytes, const std::string& because) {
    frame_decoder decoder(work, options);
    const auto before = cpu.memory().counters();
    const auto out = decode(decoder, bytes, random, 1000);
    CAPTURE(out.error);
    REQUIRE(out.error.find(because) != std::string::npos);
    REQUIRE(cpu.memory().counters().bytes == before.bytes);
  };
  const auto good = golden_gradient();
  const auto with = [&](std::size_t at, std::int64_t extent) {
    auto bytes = good;
    std::memcpy(bytes.data() + at, &extent, sizeof extent);
    return bytes;
  };
  constexpr std::size_t first_extent = prologue_bytes + 36 + 1 + 4;
  refused(with(first_extent, std::int64_t{1} << 40), "larger than a message may be, 4096");
  refused(with(first_extent, -1), "larger than a message may be, 4096");
  refused(with(first_extent + 8, std::numeric_limits<std::int64_t>::max()), "larger than a message may be");
  refused(with(first_extent, 512), "larger than a message may be"); // the elements alone would fit
  auto block = bytes_of(link_message(control_message{{}, 1, std::vector<char>(100)}));
  const std::uint64_t claimed = std::uint64_t{1} << 62;
  std::memcpy(block.data() + prologue_bytes + 36 + 2, &claimed, 8);
  refused(block, "larger than a message may be");
  auto header = good;
  header[7] = 0x7f;
  refused(header, "its header claims");
  auto version = good;
  version[1] = 2;
  refused(version, "it has version 2, this end understands 1");
  auto type = good;
  type[0] = 100;
  refused(type, "no known type (100)");
  auto text = bytes_of(link_message(failure{{}, "what", 0, false}));
  text[prologue_bytes + 36 + 2] = 2; // a length of 128 KiB
  refused(text, "has not the length of its fields");
  auto longer = good;
  longer.push_back(0);
  frame_decoder decoder(work, options);
  const auto step = decoder.take(longer.data(), longer.size());
  REQUIRE_FALSE(step);
  REQUIRE(step.message().find("1 bytes follow its end") != std::string::npos);
}

TEST_CASE("100,000 frames of noise and of damaged messages are errors or messages, and take bounded memory") {
  cpu_device cpu;
  auto& work = cpu.make_stream();
  random_source random(6, 1);
  link_options options;
  options.message_limit = std::size_t{1} << 16;
  std::vector<std::vector<char>> good;
  for (const auto& each : one_of_each(work, random)) good.push_back(bytes_of(each));
  int errors = 0, messages = 0, unfinished = 0;
  for (int i = 0; i < 100000; ++i) {
    std::vector<char> bytes;
    if (random.below(4) == 0) {
      bytes.resize(random.below(200));
      for (auto& each : bytes) each = static_cast<char>(random.bits());
      if (!bytes.empty()) bytes[0] = static_cast<char>(random.below(20));
      if (bytes.size() > 7) std::memcpy(bytes.data() + 1, "\1\0\0\50\0\0\0", 7);
    } else {
      bytes = good[random.below(static_cast<std::uint32_t>(good.size()))];
      for (auto changes = random.below(4); changes > 0; --changes)
        bytes[random.below(static_cast<std::uint32_t>(bytes.size()))] ^= static_cast<char>(1u << random.below(8));
      if (random.below(8) == 0) bytes.resize(random.below(static_cast<std::uint32_t>(bytes.size())) + 1);
    }
    frame_decoder decoder(work, options);
    const auto out = decode(decoder, bytes, random, 100);
    ++(!out.error.empty() ? errors : out.message ? messages : unfinished);
  }
  CAPTURE(errors, messages, unfinished);
  REQUIRE(errors > 10000);
  REQUIRE(messages > 10000);
  REQUIRE(errors + messages + unfinished == 100000);
  REQUIRE(cpu.memory().counters().bytes < (std::size_t{1} << 20));
}

TEST_CASE("once warm, a stream of tensors takes no new memory from the device") {
  cpu_device cpu;
  auto& work = cpu.make_stream();
  random_source random(7, 1);
  link_options options;
  options.activations = GENERATE(wire_format::f32, wire_format::bf16, wire_format::int8);
  frame_decoder decoder(work, options);
  std::uint64_t allocations = 0;
  for (int i = 0; i < 20; ++i) {
    const activation sent{
      {}, phase::train, 0, random_bits(work, {64, 100}, random), random_bits(work, {64}, random, dtype::i32)};
    REQUIRE(decode(decoder, bytes_of(link_message(sent), options), random, 4096).message);
    if (i == 2) allocations = cpu.memory().counters().allocations;
  }
  REQUIRE(cpu.memory().counters().allocations == allocations);
}
