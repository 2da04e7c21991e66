// What a synthetic-gradient model takes, known before it is made. Plain values.
#pragma once

#include "models/synthetic_gradient_model.hpp"

namespace syngrad {

struct synthetic_gradient_size {
  std::int64_t parameter_count = 0;
  double predict_multiply_adds = 0; // per row
  double train_multiply_adds = 0;   // per row; ridge's solves, which depend on the batch, are not counted
  std::int64_t least_rows = 1;      // of a batch
};

// Of the model that make_synthetic_gradient_model() would make. Takes no memory.
result<synthetic_gradient_size> size_of_synthetic_gradient_model(const synthetic_gradient_settings&,
                                                                 std::int64_t features, std::int32_t classes);

} // namespace syngrad
