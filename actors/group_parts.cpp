#include "actors/group_parts.hpp"

#include "models/state_archive.hpp"

namespace syngrad {

void group_parts::keep(state_archive& of) {
  auto first = setup.layers->first_layer(), count = setup.layers->layer_count();
  of.word("layers.first", first);
  of.word("layers.count", count);
  setup.layers->keep(of);
  window.keep(of);
  below.keep(of);
  above.keep(of);
  predictor.keep(of);
  account.keep(of);
  kept.keep(of);
}

} // namespace syngrad
