#include "tests/actors/links/link_samples.hpp"

#include <cstring>

namespace syngrad::test {

namespace {

message_context context(random_source& random) {
  return {random.bits(), random.bits(), static_cast<std::int64_t>(random.bits()), random.bits(),
          static_cast<std::uint32_t>(random.bits())};
}

group_report sample_report() {
  group_report out;
  out.group = 3;
  out.layers = "4-5";
  out.updates = 1234;
  out.busy = 0.5;
  out.starved = 0.25;
  out.blocked = 0.125;
  out.staleness = 2.5;
  out.cosine = 0.75;
  out.norm_ratio = -0.0;
  out.residual_weight = 0.375;
  out.gate = {5, 6, 7, 8};
  out.audit_cosine = 1e-310;
  out.parameters = 1 << 20;
  out.predictor_parameters = 77;
  out.predictor_share = 0.3;
  out.dropped_targets = 9;
  out.samples = 12800;
  out.bytes_from_below = std::int64_t{1} << 40;
  out.bytes_from_above = 777;
  out.bytes_saved = 55;
  out.gradient_rank = 7.5;
  out.gradient_error = 0.08;
  out.alone = 21;
  out.clipped = 34;
  out.activation_rms = 1.25;
  out.multiply_adds = 1e9;
  out.optimizer_multiply_adds = 2e9;
  out.predictor_multiply_adds = 3e9;
  out.weight_bytes = 11;
  out.gradient_bytes = 12;
  out.moment_bytes = 13;
  out.predictor_bytes = 14;
  out.cache_bytes = std::uint64_t{1} << 41;
  out.most_in_flight = 16;
  out.fault = {interface_fault::kind::large_predictions, 640, 250};
  return out;
}

} // namespace

std::vector<char> bytes_of(const encoded_frame& frame) {
  std::vector<char> out;
  frame.for_each_piece(0, frame.bytes(),
                       [&](const char* data, std::size_t count) { out.insert(out.end(), data, data + count); });
  return out;
}

std::vector<char> bytes_of(const link_message& message, const link_options& options) {
  const auto scratch = recycled_bytes::make();
  return bytes_of(encoded_frame(message, options, *scratch));
}

tensor random_bits(stream& work, shape extents, random_source& random, dtype type) {
  auto made = make_tensor(work, extents, type);
  auto* bytes = static_cast<char*>(made.data());
  for (std::size_t i = 0; i < made.bytes(); ++i) bytes[i] = static_cast<char>(random.bits());
  return made;
}

tensor copy_of(stream& work, const std::vector<float>& values, shape extents) {
  auto made = make_tensor(work, extents);
  std::memcpy(made.data(), values.data(), made.bytes());
  return made;
}

tensor numbers_below(std::uint32_t end, std::int64_t count, stream& work, random_source& random) {
  auto out = make_tensor(work, {count}, dtype::i32);
  for (std::int64_t i = 0; i < count; ++i) out.i32()[i] = static_cast<std::int32_t>(random.below(end));
  return out;
}

std::vector<link_message> one_of_each(stream& work, random_source& random) {
  std::vector<link_message> all;
  const auto next = [&] { return context(random); };
  all.push_back(activation{next(), phase::evaluate, 7, random_bits(work, {5, 3}, random),
                           random_bits(work, {5}, random, dtype::i32), 5, 4, 41,
                           random_bits(work, {5, 2}, random, dtype::i32)});
  all.push_back(gradient{next(),
                         gradient_kind::bootstrapped,
                         random_bits(work, {5, 3}, random),
                         {numbers_below(7, 5, work, random), random_bits(work, {5}, random), 7}});
  all.push_back(audit_gradient{next(), random_bits(work, {2, 2}, random)});
  all.push_back(credit{next(), 2});
  all.push_back(flush_mark{next()});
  all.push_back(batch_done{next(), 0.7});
  all.push_back(evaluated{next(), 3, 100, {60.5, {17, 2}, 99}});
  all.push_back(flushed{next(), 4});
  all.push_back(failure{next(), "group 2: not finite", 99, true});
  all.push_back(train{next(), 1000});
  all.push_back(resume_training{next()});
  all.push_back(stop_training{next()});
  all.push_back(evaluate{next(), 8, true});
  all.push_back(evaluation_begun{next(), 8, 500, 10000, true});
  all.push_back(training_ended{next(), 1000, 5'000'000});
  all.push_back(report_request{next(), 5, report_span::since_last_interval});
  all.push_back(report{next(), 5, sample_report()});
  all.push_back(control_message{next(), 513, {'a', 'b', 0, 'c'}});
  all.push_back(gradients_wanted{next(), 16});
  all.push_back(batch_alone{next()});
  all.push_back(evaluation_missed{next(), 9});
  return all;
}

} // namespace syngrad::test
