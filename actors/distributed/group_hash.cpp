#include "actors/distributed/group_hash.hpp"

#include "actors/group_weights.hpp"

namespace syngrad {

namespace {

// FNV-1a, 64 bits: for builds that differ by accident, not by intent.
class running_hash {
public:
  void add(const void* data, std::size_t count) {
    const auto* bytes = static_cast<const unsigned char*>(data);
    for (std::size_t i = 0; i < count; ++i) value_ = (value_ ^ bytes[i]) * 0x100000001b3u;
  }
  void add(const std::string& text) { add(text.data(), text.size()); }
  std::uint64_t get() const { return value_; }

private:
  std::uint64_t value_ = 0xcbf29ce484222325u;
};

} // namespace

std::uint64_t hash_of_group(const run_plan& plan, std::size_t group) {
  const auto& settings = plan.settings;
  const auto& planned = plan.groups[group];
  std::string text = planned.units + '\n' + settings.policy + '\n';
  if (planned.predictor)
    text += settings.synthetic.kind + ' ' + std::to_string(planned.predictor->parameter_count()) + '\n';
  running_hash hash;
  hash.add(text);
  for (const auto& each : read_weights({planned}, {})) {
    std::string head = each.name + ' ' + std::to_string(static_cast<int>(each.value.type()));
    const auto& extents = each.value.extents();
    for (int i = 0; i < extents.rank(); ++i) head += ' ' + std::to_string(extents[i]);
    hash.add(head);
    hash.add(each.value.data(), each.value.bytes());
  }
  return hash.get();
}

} // namespace syngrad
