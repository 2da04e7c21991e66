// Makes batches of a data set on the device. The samples are copied to the device once, and a batch is a gather there.
// Where the device has too little memory for them they stay with the host, which gathers each batch and uploads it: the
// same batches, at the cost of the transfer. So do tokens; a text is never copied as a whole.
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
  tensor values;            // [samples, elements of an input]: f32, or i32 of tokens
  tensor targets;           // labels: i32 [rows]; values: f32 [rows, features]
  std::int64_t samples = 0; //
  std::int64_t terms = 0;   // rows that have a target
};

class batch_source {
public:
  // `samples` outlive it.
  batch_source(stream& work, const sample_set& samples, const dataset& of);

  batch gather(std::span<const std::int64_t> samples);
  bool samples_on_device() const { return static_cast<bool>(samples_); }

private:
  void gather_on_device(std::span<const std::int64_t> rows, batch& out);
  void gather_on_host(std::span<const std::int64_t> rows, batch& out);
  void gather_windows(std::span<const std::int64_t> firsts, batch& out);
  std::int64_t count_terms(std::span<const std::int64_t> rows) const;
  tensor first_indices(std::int64_t count);

  stream& work_;
  const sample_set& source_;
  sample_spec input_;
  sample_spec target_;
  tensor samples_, targets_; // null: with the host

  std::vector<std::int32_t> indices_;

  // Of gathers on the host.
  std::vector<std::byte> gathered_;
  std::vector<std::byte> gathered_targets_;
  std::vector<std::int32_t> tokens_; // inputs, and targets behind them
  tensor counting_;                  // 0, 1, 2, ...
};

} // namespace syngrad
