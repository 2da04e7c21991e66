// What a run in one process holds in memory, by its settings: found before anything is built.
#pragma once

#include "actors/settings.hpp"
#include "models/network.hpp"

#include <cstdint>

namespace syngrad {

struct memory_needs {
  std::uint64_t held = 0;    // weights, their gradients and moments, predictors, and one batch on its way through
  std::uint64_t waiting = 0; // batches that the source has made: it is fast, so as many as it has credits for
  std::uint64_t at_most = 0; // all that, and as many batches between forward pass and gradient as credits let in

  std::uint64_t surely() const { return held + waiting; }
};

// `settings.split` is filled in. About: of a predictor the products of its matrices are counted, not the small.
memory_needs memory_needs_of(const training_settings&, const network&);

// Batches whose gradient may be outstanding at group `index` of `count`: as many as can be above it at once, by their
// credits, at least what `lag` turns hold back, and no more than the run has.
std::int64_t cache_limit_of(const training_settings&, int index, int count, int lag);

} // namespace syngrad
