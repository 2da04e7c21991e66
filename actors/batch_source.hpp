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
  tensor values;            // f32 [samples, elements of an input]
  tensor targets;           // labels: i32 [rows]; values: f32 [rows, features]
  std::int64_t samples = 0; //
  std::int64_t terms = 0;   // rows that have a target
};

class batch_source {
public:
  // `samples` outlive it.
  batch_source(stream& work, const sample_set& samples, const dataset& of);

  batch gather(std::span<const std::int32_t> rows);
  bool samples_on_device() const { return static_cast<bool>(samples_); }

private:
  void gather_on_device(std::span<const std::int32_t> rows, batch& out);
  void gather_on_host(std::span<const std::int32_t> rows, batch& out);
  std::int64_t count_terms(std::span<const std::int32_t> rows) const;
  tensor first_indices(std::int64_t count);

  stream& work_;
  const sample_set& source_;
  std::int64_t inputs_; // elements of a sample
  sample_spec target_;
  tensor samples_, targets_; // null: with the host

  // Of gathers on the host.
  std::vector<std::byte> gathered_;
  std::vector<std::byte> gathered_targets_;
  tensor counting_; // 0, 1, 2, ...
};

} // namespace syngrad
