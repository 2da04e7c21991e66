// Where in its data and its evaluations a run is, between two batches: what the source of a continued run begins from.
#pragma once

#include "models/state_archive.hpp"

#include <cstdint>

namespace syngrad {

struct source_position {
  std::int64_t step = 0;          // whole batches that were sent
  bool evaluation_is_due = false; // by steps, before the next one
  std::int64_t batch_size = 0;
  std::int64_t samples = 0; // of the training data

  void keep(state_archive& of) {
    of.word("step", step);
    of.word("evaluation_is_due", evaluation_is_due);
    of.word("batch_size", batch_size);
    of.word("samples", samples);
  }
  static source_position kept_in(state_archive& of) {
    source_position out;
    out.keep(of);
    return out;
  }
};

} // namespace syngrad
