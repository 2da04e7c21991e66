// Makes batches of a data set on the device. The samples are copied to the device once, and a batch is a gather there.
// Where the device has too little memory for them they stay with the host, which gathers each batch and uploads it: the
// same batches, at the cost of the transfer.
//
// Used by one actor, on one stream.
#pragma once

#include "runtime/data/batch_order.hpp"
#include "runtime/data/dataset.hpp"
#include "runtime/device.hpp"

#include <cstddef>
#include <span>
#include <vector>

namespace syngrad {

struct batch {
  tensor values; // f32 [rows, features]
  tensor labels; // i32 [rows]
};

class batch_source {
public:
  // `samples` outlive it.
  batch_source(stream& work, const sample_set& samples, std::int64_t features);

  batch gather(std::span<const std::int32_t> rows);
  bool samples_on_device() const { return static_cast<bool>(samples_); }

private:
  void gather_on_device(std::span<const std::int32_t> rows, batch& out);
  void gather_on_host(std::span<const std::int32_t> rows, batch& out);
  tensor first_indices(std::int64_t count);

  stream& work_;
  const sample_set& source_;
  std::int64_t features_;
  tensor samples_, labels_; // null: with the host

  // Of gathers on the host.
  std::vector<std::byte> gathered_;
  std::vector<std::int32_t> gathered_labels_;
  tensor counting_; // 0, 1, 2, ...
};

} // namespace syngrad
