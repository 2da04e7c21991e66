// A batch as it lies in host memory before it goes up to a device, and who makes it: rows that are gathered, windows
// that are copied, images that are augmented.
//
// A maker is used by one thread at a time; it allocates nothing once its batches have their size.
#pragma once

#include "runtime/data/augmentation.hpp"
#include "runtime/data/dataset.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace syngrad {

struct host_batch {
  std::vector<std::byte> inputs;       // as the sample set has them: bytes, floats or numbers
  std::vector<std::byte> targets;      // i32 labels or f32 values
  std::vector<std::int32_t> following; // [samples, n] labels of what follows each window, -1 where nothing does
  std::int64_t samples = 0;
  std::int64_t terms = 0; // rows that have a target
};

class host_batch_maker {
public:
  // `samples` outlive it. What is drawn for augmentation is a function of the seed and the number of the batch.
  host_batch_maker(const sample_set& samples, const dataset& of, augmentation = {}, std::uint64_t seed = 0);

  // Throws std::runtime_error where a file cannot be read, or a text has a token that it must not have.
  void make(std::span<const std::int64_t> samples, std::uint64_t number, host_batch& into);

  // From the next batch on, of windows of a text: how many labels of what follows each come with them.
  void add_following(std::int64_t labels) { following_ = labels; }

  dtype input_type() const;
  std::int64_t count_terms(std::span<const std::int64_t> samples) const;

private:
  void gather_inputs(std::span<const std::int64_t> rows, std::uint64_t number, std::vector<std::byte>& out);
  void read_images(std::span<const std::int64_t> rows, std::vector<std::byte>& out);

  const sample_set* samples_;
  sample_spec input_, target_;
  augmentation augment_;
  std::uint64_t seed_;
  std::int64_t following_ = 0;
  image_reader reader_;
  std::vector<std::byte> read_; // images before they are augmented
};

// All elements of the inputs, or of the targets, of a set that is no text.
const std::byte* inputs_of(const sample_set&);
const std::byte* targets_of(const sample_set&);

} // namespace syngrad
