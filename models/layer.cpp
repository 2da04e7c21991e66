#include "models/layer.hpp"

#include "models/chosen_samples.hpp"

namespace syngrad {

void layer::gather_cache(stream& s, const chosen_samples& chosen, layer_cache of_all, layer_cache of_chosen) const {
  for (std::size_t i = 0; i < of_all.size(); ++i) of_chosen[i] = gather_samples(s, of_all[i], chosen);
}

void layer::backward_parameters(stream&, int, const tensor&, layer_cache, bool) {
  assert(false && "a layer that leaves nothing to later");
}

void layer::make_or_defer(stream& s, int part, const tensor& dy, layer_cache cache, const backward_request& wanted) {
  if (!wanted.parameter_gradient) return;
  if (wanted.deferred)
    wanted.deferred->push_back({this, part, dy, cache});
  else
    backward_parameters(s, part, dy, cache, wanted.accumulate);
}

} // namespace syngrad
