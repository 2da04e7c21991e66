#include "actors/distributed/group_survey.hpp"

#include "actors/run_check.hpp"
#include "models/arena.hpp"
#include "models/layers/linear.hpp"
#include "runtime/device.hpp"

#define XXH_INLINE_ALL
#include <fmt/core.h>
#include <xxhash.h>

namespace syngrad {

namespace {

// XXH3, 64 bits: for builds that differ by accident, not by intent.
class running_hash {
public:
  running_hash() { XXH3_64bits_reset(&state_); }
  running_hash(const running_hash&) = delete;
  running_hash& operator=(const running_hash&) = delete;

  void add(const void* data, std::size_t count) { XXH3_64bits_update(&state_, data, count); }
  void add(const std::string& text) { add(text.data(), text.size()); }
  std::uint64_t get() const { return XXH3_64bits_digest(&state_); }

private:
  XXH3_state_t state_;
};

std::int64_t elements_of(layer& each) {
  std::int64_t sum = 0;
  for (const auto* parameter : each.parameters()) sum += parameter->extents.elements();
  return sum;
}

struct sample {
  layer* largest = nullptr; // of those that are not too large; null: there is none
  int number = 0;           // in the network
  bool with_stand_in = false;
};

sample choose_sample(const std::vector<layer*>& layers, int first_layer) {
  sample out;
  std::int64_t most = 0;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const auto elements = elements_of(*layers[i]);
    out.with_stand_in = out.with_stand_in || elements > most_sampled;
    if (elements > most_sampled || elements <= most) continue;
    most = elements;
    out.largest = layers[i];
    out.number = first_layer + static_cast<int>(i);
  }
  return out;
}

void add_facts(running_hash& hash, const training_settings& settings, const std::string& units,
               const std::vector<layer*>& layers, const std::string& predictor,
               std::optional<std::int64_t> predictor_parameters) {
  auto text = fmt::format("{}\n{} {}\n", units, settings.policy, settings.seed);
  if (predictor_parameters) text += fmt::format("{} {}\n", predictor, *predictor_parameters);
  for (auto* layer : layers) {
    text += layer->describe() + '\n';
    for (const auto* each : layer->parameters())
      text += each->name + ' ' + each->extents.to_string() + (each->trained() ? " trained\n" : "\n");
  }
  hash.add(text);
}

// The parameters of a layer that is bound to an arena.
void add_values(running_hash& hash, stream& work, layer& of) {
  std::vector<tensor> seen;
  for (const auto* each : of.parameters()) seen.push_back(brought_to_host(work, each->value));
  work.owner().synchronize();
  for (const auto& each : seen) hash.add(each.data(), each.bytes());
}

void add_initial_values(running_hash& hash, stream& work, layer& of, std::uint64_t seed, int number) {
  {
    const arena memory(work, {of.parameters()});
    random_source random(seed, static_cast<std::uint64_t>(number));
    of.initialize(work, random);
    add_values(hash, work, of);
  }
  for (auto* each : of.parameters()) each->value = each->gradient = tensor(); // which keep the memory
}

void add_stand_in(running_hash& hash, stream& work, std::uint64_t seed, int first_layer) {
  linear small(61, 67, true);
  add_initial_values(hash, work, small, seed, first_layer);
}

placeable_group cost_of(const group_outline& group) {
  placeable_group cost;
  cost.multiply_adds = group.multiply_adds() + group.predictor_multiply_adds();
  cost.bytes_below = 2 * 4 * static_cast<double>(group.input().elements());
  return cost;
}

} // namespace

std::uint64_t hash_of_group(const run_plan& plan, std::size_t group) {
  const auto& planned = plan.groups[group];
  const auto layers = planned.layers->layers();
  const int first_layer = planned.layers->first_layer();
  running_hash hash;
  add_facts(hash, plan.settings, planned.units, layers, plan.settings.synthetic.kind,
            planned.predictor ? std::optional(planned.predictor->parameter_count()) : std::nullopt);
  const auto sampled = choose_sample(layers, first_layer);
  if (sampled.largest) add_values(hash, *planned.work, *sampled.largest);
  if (sampled.with_stand_in) add_stand_in(hash, *planned.work, plan.settings.seed, first_layer);
  return hash.get();
}

std::uint64_t hash_of_outline(const training_settings& settings, const group_outline& group, device& scratch) {
  running_hash hash;
  add_facts(hash, settings, group.units, group.layers, group.predictor_kind,
            group.predictor ? std::optional(group.predictor->parameter_count) : std::nullopt);
  const auto sampled = choose_sample(group.layers, group.first_layer);
  auto& work = scratch.make_stream(stream_priority::normal);
  if (sampled.largest) add_initial_values(hash, work, *sampled.largest, settings.seed, sampled.number);
  if (sampled.with_stand_in) add_stand_in(hash, work, settings.seed, group.first_layer);
  return hash.get();
}

result<group_survey> survey_groups(const training_settings& settings, const network& net, device& scratch) {
  if (auto good = check_run(settings, net, nullptr); !good) return good.failure();
  group_survey out;
  for (const auto& each : outline_groups(settings, net)) {
    out.costs.push_back(cost_of(each));
    out.hashes.push_back(hash_of_outline(settings, each, scratch));
    out.weight_bytes.push_back(each.weight_bytes());
  }
  return out;
}

} // namespace syngrad
