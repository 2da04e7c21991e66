// Makes batches of a data set on the device. The samples are copied to the device once; a batch is a gather there.
//
// Used by one actor, on one stream.
#pragma once

#include "runtime/data/batch_order.hpp"
#include "runtime/data/dataset.hpp"
#include "runtime/device.hpp"

#include <span>

namespace syngrad {

struct batch {
  tensor values; // f32 [rows, features]
  tensor labels; // i32 [rows]
};

class batch_source {
public:
  batch_source(stream& work, const sample_set& samples, std::int64_t features);

  batch gather(std::span<const std::int32_t> rows);

private:
  stream& work_;
  std::int64_t features_;
  float scale_;
  tensor samples_, labels_;
};

} // namespace syngrad
