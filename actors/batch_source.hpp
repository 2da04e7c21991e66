// Makes batches of a data set on the device. The samples are copied to the device once, and a batch is a gather there.
// Where the device has too little memory for them they stay with the host, which gathers each batch and uploads it: the
// same batches, at the cost of the transfer. So do tokens (a text is never copied as a whole) and images that are
// augmented.
//
// Used by one actor, on one stream.
#pragma once

#include "runtime/data/host_batch.hpp"
#include "runtime/device.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace syngrad {

struct batch {
  tensor values;            // [samples, elements of an input]: f32, or i32 of tokens
  tensor targets;           // labels: i32 [rows]; values: f32 [rows, features]
  std::int64_t samples = 0; //
  std::int64_t terms = 0;   // rows that have a target
  tensor following = {};    // labels i32 [samples, n] of what follows each; null: not asked for
};

class batch_source {
public:
  // `samples` outlive it. With an augmentation its seed.
  batch_source(stream& work, const sample_set& samples, const dataset& of, augmentation = {}, std::uint64_t seed = 0);

  // `number` of the batch, by which augmentation draws.
  batch gather(std::span<const std::int64_t> samples, std::uint64_t number = 0);
  // What its maker has made, perhaps on another thread.
  batch bring_up(const host_batch&);
  host_batch_maker& maker() { return maker_; }
  bool samples_on_device() const { return static_cast<bool>(samples_); }

private:
  batch empty_batch(std::int64_t samples, std::int64_t terms);
  void complete(batch&);
  batch gather_on_device(std::span<const std::int64_t> rows);
  tensor first_indices(std::int64_t count);

  stream& work_;
  const sample_set& source_;
  sample_spec input_;
  sample_spec target_;
  host_batch_maker maker_;
  tensor samples_, targets_; // null: with the host
  std::vector<std::int32_t> indices_;

  // Of gathers on the host.
  host_batch gathered_;
  tensor counting_; // 0, 1, 2, ...
};

} // namespace syngrad
