// Adam with decoupled weight decay whose moments have 8 bits (Dettmers et al., arXiv 2110.02861), by blocks with a
// scale: runtime/eight_bits.hpp. A block holds elements of one layer, and either such as decay or such as do not.
//
// Holds the codes of both moments in the arena's layout, and the scales of their blocks: 2.03 bytes of a value.
#include "models/optimizers/optimizers.hpp"
#include "runtime/eight_bits.hpp"

#include <algorithm>

namespace syngrad {

namespace {

class adam8bit : public optimizer {
public:
  adam8bit(stream&, const arena&, const optimizer_settings&);

  void step(stream&, arena&, arena_range, const optimizer_step&) override;
  step_numbers numbers_of(const optimizer_step&) const override;
  std::vector<tensor*> moments() override;
  std::vector<tensor> moments_of(const arena_range&) override;

private:
  // Elements that share no block with others.
  struct part {
    std::int64_t first, count, first_block;
    std::int64_t blocks() const { return (count + eight_bit_block - 1) / eight_bit_block; }
  };

  void step_part(stream&, const step_arguments&, std::int64_t first, std::int64_t number) override;

  optimizer_settings settings_;
  std::vector<part> parts_;
  tensor first_, second_;               // codes
  tensor first_scales_, second_scales_; // null, all four, where nothing is trained
};

adam8bit::adam8bit(stream& s, const arena& parameters, const optimizer_settings& settings)
  : optimizer(settings.weight_decay), settings_(settings), first_(parameters.make_moment(s, dtype::u8)),
    second_(parameters.make_moment(s, dtype::u8)) {
  std::int64_t blocks = 0;
  const auto add = [&](std::int64_t first, std::int64_t count) {
    if (count == 0) return;
    parts_.push_back({first, count, blocks});
    blocks += parts_.back().blocks();
  };
  for (const auto& each : parameters.ranges()) {
    add(each.first, each.decaying);
    add(each.first + each.decaying, each.count - each.decaying);
  }
  first_scales_ = make_zero_vector(s, blocks);
  second_scales_ = make_zero_vector(s, blocks);
}

void adam8bit::step(stream& s, arena& parameters, arena_range range, const optimizer_step& now) {
  auto each = std::ranges::lower_bound(parts_, range.first, {}, &part::first);
  for (; each != parts_.end() && each->first < range.first + range.count; ++each) {
    auto value = parameters.values().view(each->first, {each->count});
    const auto gradient = parameters.gradients().view(each->first, {each->count});
    const auto decay = each->first < range.first + range.decaying ? settings_.weight_decay : 0;
    step_part(s, arguments_of(value, gradient, decay, each->first - range.first, now), each->first, now.number);
  }
}

void adam8bit::step_part(stream& s, const step_arguments& of, std::int64_t from, std::int64_t number) {
  const auto& at = *std::ranges::lower_bound(parts_, from, {}, &part::first);
  auto first = first_.view(at.first, {at.count}), second = second_.view(at.first, {at.count}),
       first_scales = first_scales_.view(at.first_block, {at.blocks()}),
       second_scales = second_scales_.view(at.first_block, {at.blocks()});
  s.ops().adam8bit_step(s, of, {first, second, first_scales, second_scales}, settings_.beta1, settings_.second_beta(),
                        settings_.epsilon, number);
}

step_numbers adam8bit::numbers_of(const optimizer_step& now) const {
  auto out = numbers_of_step(now);
  set_adam_numbers(out, settings_.weight_decay, settings_.beta1, settings_.second_beta(), now.number, true);
  return out;
}

std::vector<tensor*> adam8bit::moments() {
  if (!first_) return {};
  return {&first_, &second_, &first_scales_, &second_scales_};
}

std::vector<tensor> adam8bit::moments_of(const arena_range& layer) {
  std::vector<tensor> all;
  auto each = std::ranges::lower_bound(parts_, layer.first, {}, &part::first);
  for (; each != parts_.end() && each->first < layer.first + layer.count; ++each) {
    for (const auto* codes : {&first_, &second_}) all.push_back(codes->view(each->first, {each->count}));
    for (const auto* scales : {&first_scales_, &second_scales_})
      all.push_back(scales->view(each->first_block, {each->blocks()}));
  }
  return all;
}

} // namespace

std::unique_ptr<optimizer> make_adam8bit(stream& s, const arena& parameters, const optimizer_settings& settings) {
  return std::make_unique<adam8bit>(s, parameters, settings);
}

} // namespace syngrad
