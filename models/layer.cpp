#include "models/layer.hpp"

#include "models/chosen_samples.hpp"

namespace syngrad {

void layer::gather_cache(stream& s, const chosen_samples& chosen, layer_cache of_all, layer_cache of_chosen) const {
  for (std::size_t i = 0; i < of_all.size(); ++i) of_chosen[i] = gather_samples(s, of_all[i], chosen);
}

} // namespace syngrad
