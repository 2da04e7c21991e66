#include "actors/distributed/host_weights.hpp"

#include "runtime/operators.hpp"

namespace syngrad {

std::vector<layer_group::named_tensor> host_weights_of(const planned_group& group) {
  auto weights = group.layers->weights();
  auto& where = *group.where;
  if (&where.host_visible_memory() != &where.memory()) {
    for (auto& each : weights) {
      auto here = make_host_visible_tensor(*group.work, each.value.extents(), each.value.type());
      where.ops().copy(*group.work, each.value, here);
      each.value = std::move(here);
    }
  }
  where.synchronize();
  return weights;
}

} // namespace syngrad
